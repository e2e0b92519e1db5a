"""Typed words: what a person answers at the terminal while other things go on."""

from __future__ import annotations

import asyncio
import sys
import threading


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]


async def typed(question: str) -> str:
    """The line that is typed, in lower case; '' at the end of the input.

    It is read by a thread of its own, which never keeps the program from ending.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    threading.Thread(target=_read, args=(loop, answer), daemon=True).start()
    return (await answer).strip().lower()


def _read(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[str]) -> None:
    line = sys.stdin.readline()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_give, answer, line)


def _give(answer: asyncio.Future[str], line: str) -> None:
    if not answer.done():
        answer.set_result(line)
