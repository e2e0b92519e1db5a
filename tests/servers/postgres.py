"""A throwaway PostgreSQL server on loopback: one for all tests, a database for each."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

INSTALLED = Path("/usr/lib/postgresql")
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")
START_SECONDS = 20.0
OWNER = "postgres" if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Postgres:
    """A running server, and numbers for the names of its databases."""

    port: int
    numbers: Iterator[int]

    def url(self, database: str = "postgres", scheme: str = "postgresql+psycopg") -> str:
        return f"{scheme}://postgres@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Generator[str]:
        """The URL of a new, empty database, which is dropped in the end."""
        name = f"test_{next(self.numbers)}"
        self.run(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url(scheme="postgresql"), autocommit=True) as connection:
            connection.execute(statement.encode())


def empty(url: str, tables: Sequence[str]) -> None:
    """Delete all rows, begin all numbers anew, and send away whoever is still connected."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    numbered = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
    statements = [
        f"{others} AND pid <> pg_backend_pid()",
        *(f'DELETE FROM "{name}"' for name in tables),
        numbered,
    ]
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        connection.execute(";".join(statements).encode())


@contextmanager
def running() -> Generator[Postgres]:
    """A server for as long as the block runs; skips the test where PostgreSQL is not installed."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, port = Path(name), _free_port()
        _give_away(folder)
        words = ["--no-sync", "-A", "trust", "-U", "postgres", "-D", str(folder / "data")]
        _run([str(programs / "initdb"), *words], folder)
        server = _start(programs, folder, port)
        try:
            _wait(port, server)
            yield Postgres(port, count(1))
        finally:
            server.send_signal(signal.SIGINT)  # clients are sent away
            server.wait(START_SECONDS)


def _start(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = [*SETTINGS, "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    chosen = [word for setting in settings for word in ("-c", setting)]
    return subprocess.Popen(
        [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *chosen],
        cwd=folder,
        user=OWNER,
        group=OWNER,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _programs() -> Path:
    versions = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda program: int(program.parts[-3]))
    found = versions[-1] if versions else shutil.which("initdb")
    if found is None:
        missing = "PostgreSQL is not installed (initdb is neither under /usr/lib/postgresql nor on PATH)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return Path(found).resolve().parent


def _give_away(folder: Path) -> None:
    if OWNER is not None:
        shutil.chown(folder, OWNER, OWNER)


def _run(argv: list[str], folder: Path) -> None:
    done = subprocess.run(
        argv,
        cwd=folder,
        user=OWNER,
        group=OWNER,
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, "PostgreSQL ended while starting"
            assert time.monotonic() < deadline, "PostgreSQL did not start in time"
            time.sleep(0.05)
