"""Supervisor: the program that keeps one instance alive, whatever becomes of the program that asked for it.

`python -m tools.providers.process.supervisor <spec.json>`, with the secrets as a JSON object on standard
input: they are kept in memory alone. It detaches itself; the command ends when the first state is written.
Standard library only, so that it stays small.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tools.providers.fleet.redaction import Redactor
from tools.providers.fleet.troubles import OVER_LIMIT
from tools.providers.process.identity import identity_of
from tools.providers.process.log_file import BoundedLog
from tools.providers.process.memory import resident
from tools.providers.process.records import LOCK, Spec, State, read_spec, write_state

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a start
STEADY = 10.0  # seconds after which a start counts as good
MEMORY_EVERY = 0.2
CHUNK = 65_536
LAST_CHUNKS = 32  # a pipe holds less; somebody who left the group may go on writing for ever
NOTHING_TO_EXECUTE = 127


class Supervisor:
    """Starts the child again and again until it is told to end."""

    def __init__(self, folder: Path, spec: Spec, secrets: dict[str, str]) -> None:
        self.spec, self.folder = spec, folder
        self._environment = {**spec.environment, **secrets}
        self._redactor = Redactor(secrets.values())
        self._log = BoundedLog(folder, spec.log_cap)
        self._selector = selectors.DefaultSelector()
        self._is_told_to_end = False
        self._kill_at: float | None = None
        self._over_limit, self._look_at = "", 0.0
        me = identity_of(os.getpid())
        if me is None:
            raise SystemExit("a process without an identity")
        self.state = State(me, None, time.time(), 0, None, "waiting", "")

    def listen_for_signals(self) -> None:
        """Wake the loop when the child ends or when somebody asks for the end."""
        ear, mouth = os.pipe()
        os.set_blocking(ear, False)
        os.set_blocking(mouth, False)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        self._selector.register(ear, selectors.EVENT_READ)
        self._ear = ear
        signal.signal(signal.SIGCHLD, _wake)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)

    def note(self, **facts: object) -> None:
        """Change the state, in memory and on disk; a full disk must not end the service."""
        self.state = self.state._replace(**facts)
        with suppress(OSError):
            write_state(self.folder, self.state)

    def run(self) -> None:
        pause = FIRST_PAUSE
        while not self._is_told_to_end:
            began = time.monotonic()
            self._live_once()
            if time.monotonic() - began > STEADY:
                pause = FIRST_PAUSE
            self._wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.note(status="ended")
        self._log.close()

    def _end(self, *_: object) -> None:
        self._is_told_to_end = True

    def _live_once(self) -> None:
        try:
            child = subprocess.Popen(  # noqa: S603 - the words come from orchestrate.yaml, no shell reads them
                self.spec.argv,
                cwd=self.spec.cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._ended(NOTHING_TO_EXECUTE, f"cannot be started: {error.strerror}: {self.spec.argv[0]}")
            return
        self.note(child=identity_of(child.pid), started_at=time.time(), status="running")
        self._watch(child)
        code = child.wait()
        self._ended(code, self._over_limit or _how(code))

    def _ended(self, code: int, why: str) -> None:
        again = 0 if self._is_told_to_end else 1
        self.note(
            child=None, last_exit=code, detail=why, status="waiting", restarts=self.state.restarts + again
        )

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        """Return when the child has ended, its group is gone and its output is written."""
        if child.stdout is None:
            return
        output = child.stdout.fileno()
        os.set_blocking(output, False)
        self._selector.register(output, selectors.EVENT_READ)
        self._kill_at, self._over_limit = None, ""
        while not _has_ended(child):
            self._pass_on_the_end(child)
            self._check_memory(child)
            self._turn(self._patience(), output)
        _signal_group(child, signal.SIGKILL)
        self._forget(output)
        for _ in range(LAST_CHUNKS):
            if not self._capture(output):
                break
        child.stdout.close()
        self._log.write(self._redactor.rest())
        self._log.end_line()

    def _patience(self) -> float | None:
        """Seconds the loop may sleep."""
        if self._kill_at is not None:
            return max(0.01, min(MEMORY_EVERY, self._kill_at - time.monotonic()))
        return MEMORY_EVERY if self.spec.memory_limit else None

    def _pass_on_the_end(self, child: subprocess.Popen[bytes]) -> None:
        if not self._is_told_to_end:
            return
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self.spec.stop_seconds
            _signal_group(child, signal.SIGTERM)
        elif time.monotonic() >= self._kill_at:
            _signal_group(child, signal.SIGKILL)

    def _check_memory(self, child: subprocess.Popen[bytes]) -> None:
        limit, now = self.spec.memory_limit, time.monotonic()
        if not limit or now < self._look_at:
            return
        self._look_at = now + MEMORY_EVERY
        held = resident(child.pid)
        if held > limit:
            self._over_limit = f"{OVER_LIMIT}: {held:.0f} MiB > {limit} MiB"
            _signal_group(child, signal.SIGKILL)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._is_told_to_end and (left := until - time.monotonic()) > 0:
            self._turn(left, None)

    def _turn(self, seconds: float | None, output: int | None) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fd == self._ear:
                os.read(self._ear, CHUNK)
            elif key.fd == output and not self._capture(key.fd):
                self._forget(key.fd)

    def _capture(self, output: int) -> bool:
        """Write what the child said; False when there is nothing (more) to read."""
        try:
            data = os.read(output, CHUNK)
        except OSError:
            return False
        self._log.write(self._redactor.passed(data))
        return bool(data)

    def _forget(self, output: int) -> None:
        with suppress(KeyError):
            self._selector.unregister(output)


def _wake(*_: object) -> None:
    """A signal needs a handler to reach the wake-up pipe."""


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child ended; where the system can, it stays unreaped: its group keeps its number."""
    if sys.platform == "linux":
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return child.poll() is not None


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _how(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with {code}"


def _detach(ready: int) -> None:
    """Leave the terminal, the session and the streams of whoever started this."""
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    os.set_inheritable(ready, False)


def _locked(folder: Path) -> bool:
    """Hold the instance until this process ends; False when another supervisor does."""
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _supervise(folder: Path, spec: Spec, secrets: dict[str, str], ready: int) -> None:
    if not _locked(folder):
        os.write(ready, b"another")
        return
    supervisor = Supervisor(folder, spec, secrets)
    supervisor.listen_for_signals()
    supervisor.note()
    os.write(ready, b"started")
    os.close(ready)
    supervisor.run()


def main() -> int:
    """0: this or another supervisor keeps the instance; 1: none does."""
    folder = Path(sys.argv[1]).parent
    spec = read_spec(folder)
    secrets: dict[str, str] = json.loads(sys.stdin.read() or "{}")
    if spec is None:
        return 1
    seen, ready = os.pipe()
    if os.fork() > 0:
        os.close(ready)
        return 0 if os.read(seen, 16) else 1
    os.close(seen)
    _detach(ready)
    _supervise(folder, spec, secrets, ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
