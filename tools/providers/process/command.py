"""Command: one program of a build, heard line by line, with its output, time and descendants bounded."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrate.errors import BuildFailed, CommandFailed, ProgramMissing
from tools.commands import program
from tools.provider import Say

SAID_LINES = 5_000  # more output is counted, not told
LONGEST_LINE = 2_000  # characters told of one line
END_LINES = 40
UNFINISHED = 65_536  # bytes kept of a line that does not end
LINGER = 0.5  # seconds in which a dead program's descendants may close its output


async def run(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float, say: Say
) -> None:
    """Run the words `argv` in `folder`, telling its output line by line.

    Nothing it started is left. Raises ProgramMissing, BuildFailed with the output's end.
    """
    found = require_program(argv, folder, environment)
    heard = Heard(say)
    code = await _ended([found, *argv[1:]], folder, environment, seconds, heard)
    if code != 0:
        raise BuildFailed(str(CommandFailed(argv, code, "\n".join(heard.end))))


def require_program(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """The path of the program that `argv` names. Raises ProgramMissing."""
    word = argv[0]
    found = program(str(folder / word) if "/" in word else word, environment)
    if found is None:
        raise ProgramMissing(word, cure=f"install {word}, or name its folder in PATH under `variables`")
    return found


class Heard(asyncio.SubprocessProtocol):
    """What a program writes: told line by line, its end remembered.

    The streams of asyncio are not used: with them, waiting for a program waits for its children too.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = 0
        self._line = b""
        self.end: deque[str] = deque(maxlen=END_LINES)
        self.exited, self.silent = asyncio.Event(), asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - the protocol's
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[-UNFINISHED:]
        for line in lines:
            self._tell(line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()

    def close(self) -> None:
        """Tell the last line, which may lack its end."""
        line, self._line = self._line, b""
        if line:
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        text = line[: LONGEST_LINE * 4].decode("utf-8", "replace").rstrip("\r")[:LONGEST_LINE]
        self.end.append(text)
        self._said += 1
        if self._said <= SAID_LINES:
            self._say(text)
        elif self._said == SAID_LINES + 1:
            self._say(f"... more than {SAID_LINES} lines; the rest is left out")


async def _ended(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float, heard: Heard
) -> int | None:
    """The exit code, or None when it took longer than `seconds`; either way the whole group has ended."""
    transport = await _started(argv, folder, environment, heard)
    try:
        async with asyncio.timeout(seconds):
            await heard.exited.wait()
    except TimeoutError:
        return None
    finally:
        _end_group(transport)
        await asyncio.shield(_silence(heard))
        transport.close()
        heard.close()
    return transport.get_returncode()


async def _started(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], heard: Heard
) -> asyncio.SubprocessTransport:
    try:
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: heard,
            *argv,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise BuildFailed(f"{argv[0]} cannot be started: {error.strerror}") from error
    return transport


def _end_group(transport: asyncio.SubprocessTransport) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), signal.SIGKILL)


async def _silence(heard: Heard) -> None:
    await heard.exited.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            await heard.silent.wait()
