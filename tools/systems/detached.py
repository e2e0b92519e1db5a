"""Detached programs: started to outlive the worker, and found again without trusting a bare pid."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ValidationError

from orchestrate.errors import Unreachable
from orchestrate.models.fact import Fact
from tools.commands import run
from tools.systems.whole import write_whole

CLOCK_SLACK = 2.0  # seconds a start time may seem to move when the wall clock is corrected
START_SECONDS = 20.0
OUTPUT_BYTES = 16_384


class Identity(Fact):
    """A process: its pid, and when it started (epoch seconds)."""

    pid: int
    started: float


@dataclass(frozen=True)
class Detached:
    """A program that belongs to `folder`, which its command line names."""

    folder: Path

    def process(self) -> psutil.Process | None:
        """The program, if it still runs; a recycled pid is somebody else."""
        try:
            known = Identity.model_validate_json(self._identity.read_bytes())
            process = psutil.Process(known.pid)
            same = abs(process.create_time() - known.started) < CLOCK_SLACK
            ours = str(self.folder) in " ".join(process.cmdline())
            alive = process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValidationError, psutil.Error):
            return None
        return process if same and ours and alive else None

    def program(self) -> str:
        """The name of the program, if it still runs; else ''."""
        process = self.process()
        try:
            return Path(process.cmdline()[0]).name if process else ""
        except (psutil.Error, IndexError):
            return ""

    def remember(self, pid: int) -> None:
        """Keep who `pid` is now. Raises Unreachable when it is gone already."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.Error as gone:
            raise Unreachable(f"process {pid} ended right after its start, see {self.folder}") from gone
        write_whole(self._identity, Identity(pid=pid, started=started).model_dump_json())

    async def end(self, seconds: float) -> None:
        """Ask the program to end, and kill it when it has not after `seconds`."""
        process = self.process()
        if process is None:
            return
        for stop in (process.terminate, process.kill):
            with contextlib.suppress(psutil.NoSuchProcess):
                stop()
            with contextlib.suppress(TimeoutError):
                await until(lambda: self.process() is None, seconds)
                break
        self._identity.unlink(missing_ok=True)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Nobody else, in any process, starts or stops this program meanwhile. Raises Unreachable."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await self._locked(descriptor)
            yield
        finally:
            os.close(descriptor)

    async def _locked(self, descriptor: int) -> None:
        try:
            await until(lambda: _locks(descriptor), 2 * START_SECONDS)
        except TimeoutError:
            raise Unreachable(
                f"another worker has been starting or stopping {self.folder.name} for long"
            ) from None

    @property
    def _identity(self) -> Path:
        return self.folder / "identity.json"


async def launched(argv: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a program that puts itself into the background: its exit code, and what it said meanwhile.

    Raises CommandFailed when it does not return in time.
    """
    output = await run(argv, env=environment, timeout=START_SECONDS, cap=OUTPUT_BYTES)
    return output.code, (output.stdout + output.stderr).decode(errors="replace")


async def until(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait for something that nobody announces. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
