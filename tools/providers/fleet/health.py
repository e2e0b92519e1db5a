"""Health: whether one instance on this machine answers as its component promises."""

from __future__ import annotations

import asyncio

from orchestrate.models.smoke import HealthCheck
from tools.health import check as looked_at

HOST = "127.0.0.1"
AGAIN = 0.1  # seconds between two questions
ALIVE = 1.0  # seconds that an instance must live where nothing can be asked


async def trouble(check: HealthCheck, port: int) -> str:
    """Why the instance at `port` is not well, in a few words; '' when it is.

    Only failures in a row count: it is asked up to `check.retries` times.
    """
    words = ""
    for attempt in range(check.retries):
        words = await trouble_now(check, port)
        if not words:
            return ""
        if attempt + 1 < check.retries:
            await asyncio.sleep(AGAIN)
    return words


async def trouble_now(check: HealthCheck, port: int) -> str:
    """Ask once: an HTTP GET, or a connection where no path is given."""
    found = await looked_at(f"{HOST}:{port}", check)
    has_answered = found.ok or found.status is not None
    return found.detail if has_answered else f"no answer from {check.path or port}: {found.detail}"
