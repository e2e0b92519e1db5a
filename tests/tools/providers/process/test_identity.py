from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator

import pytest

from tools.providers.process.identity import boot_id, identity_of, is_alive, send, send_to_group


@pytest.fixture
def sleeper() -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    yield process
    process.kill()
    process.wait()


def test_a_process_is_the_same_every_time_it_is_looked_at(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper.pid)

    assert identity == identity_of(sleeper.pid)
    assert identity != identity_of(os.getpid())
    assert is_alive(identity)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an ended process is reaped to be noticed")
def test_a_zombie_runs_no_more(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper.pid)
    assert identity is not None

    assert send(identity, signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert not is_alive(identity)
    assert identity_of(sleeper.pid) is None


def test_a_group_is_signalled_through_its_leader(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper.pid)
    assert identity is not None

    assert send_to_group(identity, signal.SIGTERM)

    assert sleeper.wait(5) == -signal.SIGTERM


@pytest.mark.parametrize("other", [{"started": "1"}, {"boot": "another boot"}])
def test_a_recycled_pid_is_never_signalled(sleeper: subprocess.Popen[bytes], other: dict[str, str]) -> None:
    identity = identity_of(sleeper.pid)
    assert identity is not None
    former = identity._replace(**other)

    assert not is_alive(former)
    assert not send(former, signal.SIGKILL)
    assert not send_to_group(former, signal.SIGKILL)

    assert sleeper.poll() is None


def test_nobody_has_a_pid_that_is_not_in_use() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()

    assert identity_of(process.pid) is None


def test_a_process_that_leads_no_group_is_not_signalled_as_one() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    identity = identity_of(process.pid)
    assert identity is not None

    sent = send_to_group(identity, signal.SIGKILL)

    process.kill()
    process.wait()
    assert not sent


def test_the_boot_has_a_name() -> None:
    assert boot_id() == boot_id() != ""
