"""Telling: the voice keeps what people cannot be told now; what the tracker is asked for is waited for."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from orchestrate.errors import TrackerSilent, Unreachable
from tools.rests import asked_rest
from tools.voice import named

T = TypeVar("T")


async def answered(asking: Awaitable[T]) -> T:
    """What the tracker answers, where nothing has begun. Raises TrackerSilent: it is asked again later."""
    try:
        return await asking
    except (Unreachable, ConnectionError, TimeoutError) as problem:
        raise TrackerSilent(str(named(problem)), retry_after=asked_rest(problem) or None) from problem
