"""Asking: a person's yes or no at the terminal, while everything else goes on."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections.abc import Callable
from contextlib import suppress

ANSWERS = {"": True, "y": True, "yes": True, "n": False, "no": False, "hold": False}
LOOK_SECONDS = 0.3
LONGEST = 200  # bytes of an answer
END_OF_INPUT = "n"


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison]


async def answered(say: Callable[[], None], is_moot: Callable[[], bool]) -> bool | None:
    """`say` the question until it is understood; None when it is moot meanwhile.

    What was typed before the question is no answer to it.
    """
    with suppress(termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    while True:
        say()
        line = await _line(is_moot)
        if line is None:
            return None
        if (word := line.strip().lower()) in ANSWERS:
            return ANSWERS[word]


async def _line(is_moot: Callable[[], bool]) -> str | None:
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    number = sys.stdin.fileno()
    loop.add_reader(number, typed.set)
    try:
        while not typed.is_set():
            if is_moot():
                return None
            with suppress(TimeoutError):
                await asyncio.wait_for(typed.wait(), LOOK_SECONDS)
    finally:
        loop.remove_reader(number)
    return os.read(number, LONGEST).decode(errors="replace") or END_OF_INPUT
