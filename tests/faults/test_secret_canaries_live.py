"""Canaries in a real deployment: a service that shouts its secrets, real processes, and no trace anywhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from orchestrate.app import open_store
from orchestrate.models.deployment import Outcome
from orchestrate.models.secret import Secret, forget
from orchestrate.settings import load
from orchestrate.vault import vault_of
from tests.faults.canaries import canary, files, leaks, masked
from tests.orchestrate.cli.world import surroundings
from tests.servers.live import Live, does, environment, live, web, written
from tests.servers.ports import free_ports

SHOUT = """
import base64, os, sys, textwrap, time
from urllib.parse import quote

def forms(value):
    data = value.encode()
    yield from (value, data.hex(), quote(value, safe=""), base64.b64encode(data).decode(), value[::-1])
    yield base64.b64encode(b"shop:" + data).decode()
    yield base64.encodebytes(b"x" * 40 + data).decode()
    yield "\\n".join(textwrap.wrap(value, 20))
    yield "' + '".join(textwrap.wrap(value, 16))

values = [os.environ[name] for name in ("API_KEY", "TOKEN", "DSN")]
for value in values:
    for form in forms(value):
        print(form, flush=True)
        time.sleep(0.002)
sys.stdout.write(values[0][:9]); sys.stdout.flush(); time.sleep(0.1); print(values[0][9:], flush=True)
if {fails}:
    raise RuntimeError("refused by " + values[2] + " " + " ".join(forms(values[0])))
"""


def version(*, fails: bool) -> dict[str, str]:
    """A service that shouts its secrets, and then serves or ends badly."""
    serving = does()["live_service.py"]
    head, future, rest = serving.partition("from __future__ import annotations\n")
    shout = SHOUT.replace("{fails}", str(fails))
    return does() | {"live_service.py": f"{head}{future}{shout}{rest}"}


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """A secret in the vault, and one in a variable of the worker."""
    made = {"vault": canary("vault"), "variable": canary("variable")}
    monkeypatch.setenv("SHOP_TOKEN", made["variable"])
    yield made


def shop(port: int) -> dict[str, object]:
    """Production with secrets, a variable that is made of one, and tests that send and print them."""
    smoke: list[object] = [
        {"kind": "http", "name": "the page opens", "path": "/page", "body": "Hello", "secret": "TOKEN"},
        {
            "kind": "command",
            "name": "a command",
            "argv": [sys.executable, "-c", "import os; print(os.environ)"],
        },
    ]
    part = web(port, instances=1, smoke=smoke, build=[[sys.executable, "-c", "import os; print(os.environ)"]])
    return environment(
        port,
        strategy="blue-green",
        secrets={"API_KEY": {"secret": "api-key"}, "TOKEN": "${SHOP_TOKEN}"},
        variables={"DSN": "postgresql://shop:${API_KEY}@db.invalid/shop"},
        components=[part],
    )


def keep(folder: Path, port: int, value: str) -> None:
    """Put it into the vault, as a person would, and forget it in this process."""
    settings = load(written(folder, {"production": shop(port)}))
    with closing(open_store(settings)) as store:
        vault_of(settings, store).put("production", "api-key", Secret(value), "ada")
    forget()


def processes(folder: Path) -> dict[str, bytes]:
    """The words of every process, and what our own keepers have around them."""
    found: dict[str, bytes] = {}
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            found[f"words of {process.pid}"] = "\0".join(words).encode()
            if "supervisor" in " ".join(words) and str(folder) in " ".join(words):
                found[f"around keeper {process.pid}"] = repr(process.environ()).encode()
        except psutil.Error:
            continue
    return found


def commands(folder: Path, deployment: str, task: str) -> dict[str, bytes]:
    """What people see who ask."""
    asked = (
        ("deploy", "status", deployment),
        ("deploy", "logs", deployment),
        ("deploy", "history", "--json"),
        ("deploy", "plan", deployment),
        ("task", "show", task),
        ("task", "list", "--all", "--json"),
        ("env", "show", "production", "--json"),
        ("env", "export"),
        ("secret", "list", "--json"),
        ("audit", "list"),
    )
    found: dict[str, bytes] = {}
    for words in asked:
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrate", *words],
            cwd=folder,
            env=surroundings(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        found[" ".join(words)] = ran.stdout + ran.stderr
    return found


def real_secret_of(made: Live, pid: int | None) -> str | None:
    return psutil.Process(pid).environ().get("API_KEY")


async def test_no_trace_is_left_of_secrets_that_a_service_shouts(
    folder: Path, values: Mapping[str, str]
) -> None:
    (port,) = free_ports(1)
    keep(folder, port, values["vault"])
    async with live(folder, {"production": shop(port)}, version(fails=False)) as made:
        row = await made.run(await made.request(version=made.version("bad", version(fails=True))))
        task = row.request.task or ""
        pids = await made.pids()
        has_it = [real_secret_of(made, pid) for slot in pids.values() for pid in slot]
        places = processes(folder) | {
            "thread": made.thread(task).encode(),
            "story": made.told(row.id).encode(),
        }
        tail = await made.place().logs.tail(made.place().component("web"), "blue", 400)
        places |= {"log": "\n".join(tail).encode(), "fixes": repr(await made.fixes(task)).encode()}
        places |= commands(folder, row.id, task) | files(folder)
        kept = folder / ".orchestrate"
        modes = {
            file.name: file.stat().st_mode & 0o777 for file in (kept, *kept.glob("*.db"), *kept.glob("*.key"))
        }

    assert row.outcome is Outcome.ROLLED_BACK, row.reason
    assert has_it == [values["vault"]]
    assert leaks(places, values) == []
    assert {"thread", "story", "log", "fixes", f"deploy status {row.id}"} <= {*masked(places)}
    assert modes == {
        ".orchestrate": 0o700,
        "orchestrate.db": 0o600,
        "orchestrate.positions.db": 0o600,
        "master.key": 0o600,
    }
