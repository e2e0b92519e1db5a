"""Polling: wait for what tells nobody when it happens, such as the end of somebody else's child."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

AGAIN = 0.02  # seconds


async def until(is_so: Callable[[], bool], seconds: float | None = None) -> bool:
    """Whether it became so within `seconds` (None: wait for ever)."""
    end = None if seconds is None else time.monotonic() + seconds
    while not is_so():  # noqa: ASYNC110 - another process makes it so
        if end is not None and time.monotonic() >= end:
            return False
        await asyncio.sleep(AGAIN)
    return True
