"""Commands: the one way to run a program of the system."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrate.errors import CommandFailed, ProgramMissing

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin"
CLEAN: Mapping[str, str] = {"PATH": PATH, "LC_ALL": "C", "LANG": "C"}

_GRACE = 2.0  # seconds between asking a group to end and ending it
_LINGER = 0.5  # seconds in which a dead program's children may close its output


@dataclass(frozen=True)
class Output:
    """How a program ended, and what it wrote; of more than the cap the head and the tail are kept."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes
    is_cut: bool = False

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")

    @property
    def complaint(self) -> str:
        return (self.stderr or self.stdout).decode(errors="replace").strip()

    def whole(self) -> Output:
        """Itself, if the program ended with 0 and nothing was cut. Raises CommandFailed."""
        if self.code != 0:
            raise CommandFailed(self.argv, self.code, self.complaint)
        if self.is_cut:
            raise CommandFailed(self.argv, self.code, "it wrote more than is read")
        return self


class Runner(Protocol):
    """Something that runs a program as `run` does."""

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        cap: int = 1_048_576,
        stdin: bytes | None = None,
    ) -> Output: ...


async def run(  # noqa: PLR0913 - one argument per limit that a program is held to
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    cap: int = 1_048_576,
    stdin: bytes | None = None,
) -> Output:
    """Run `argv` in a session of its own and wait for its end, whatever its code is.

    `env` is the whole environment (None: a clean one); `timeout` in seconds; `cap` in bytes for each of
    the two outputs. The whole group is ended on timeout and when the caller is cancelled.
    Raises ProgramMissing, and CommandFailed with code None when the time is over.
    """
    transport, talk = await _started(argv, cwd, CLEAN if env is None else env, cap, stdin)
    try:
        async with asyncio.timeout(timeout):
            await talk.exited.wait()
            await _silence(transport, talk)
    except TimeoutError:
        await _ended(transport, talk)
        raise CommandFailed(argv, None, talk.stderr.content.decode(errors="replace")) from None
    except BaseException:
        await asyncio.shield(_ended(transport, talk))
        raise
    finally:
        transport.close()
    cut = talk.stdout.is_cut or talk.stderr.is_cut
    code = transport.get_returncode()
    return Output(tuple(argv), -1 if code is None else code, talk.stdout.content, talk.stderr.content, cut)


def program(name: str, env: Mapping[str, str] | None = None) -> str | None:
    """Where `name` is installed, or None."""
    return shutil.which(name, path=(env or CLEAN).get("PATH", PATH))


async def _started(
    argv: Sequence[str], cwd: Path | None, env: Mapping[str, str], cap: int, stdin: bytes | None
) -> tuple[asyncio.SubprocessTransport, _Talk]:
    found = program(argv[0], env)
    if found is None:
        raise ProgramMissing(argv[0], cure=f"install {argv[0]}, or put it where PATH leads")
    try:
        transport, talk = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Talk(cap),
            found,
            *argv[1:],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            close_fds=True,
        )
    except OSError as problem:
        raise CommandFailed(argv, 126, str(problem)) from problem
    _feed(transport, stdin)
    return transport, talk


def _feed(transport: asyncio.SubprocessTransport, stdin: bytes | None) -> None:
    pipe = transport.get_pipe_transport(0)
    if stdin is not None and isinstance(pipe, asyncio.WriteTransport):
        pipe.write(stdin)
        pipe.close()


async def _silence(transport: asyncio.SubprocessTransport, talk: _Talk) -> None:
    """Wait for the end of the outputs; a child that outlives the program and holds them is ended."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            await talk.silent.wait()
            return
    _signal(transport, signal.SIGKILL)


async def _ended(transport: asyncio.SubprocessTransport, talk: _Talk) -> None:
    _signal(transport, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await talk.exited.wait()
            await talk.silent.wait()
    _signal(transport, signal.SIGKILL)
    await talk.exited.wait()


def _signal(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)


class _Talk(asyncio.SubprocessProtocol):
    """What a running program says, and the moments when it ends and falls silent.

    The streams of asyncio are not used: with them, waiting for a program waits for its children too.
    """

    def __init__(self, cap: int) -> None:
        self.stdout, self.stderr = _Capped(cap), _Capped(cap)
        self.exited, self.silent = asyncio.Event(), asyncio.Event()
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.stdout if fd == 1 else self.stderr).add(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self._open.discard(fd)
        if not self._open:
            self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()


class _Capped:
    """The first and the last half of what a stream brought."""

    def __init__(self, cap: int) -> None:
        self._half = max(cap // 2, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self.is_cut = False

    @property
    def content(self) -> bytes:
        return bytes(self._head + self._tail)

    def add(self, chunk: bytes) -> None:
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > self._half:
            self.is_cut = True
            del self._tail[: -self._half]
