"""Lock: one change of a component at a time, among all programs of this machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tools.providers.fleet.polling import until


@asynccontextmanager
async def held(path: Path) -> AsyncGenerator[None]:
    """Hold the lock file; the system frees it when this program dies. It is never removed."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await until(lambda: _taken(file))
        yield
    finally:
        os.close(file)


@asynccontextmanager
async def held_if_free(path: Path) -> AsyncGenerator[bool]:
    """Hold the lock file if nobody else does; whether it is held."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(file)
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
