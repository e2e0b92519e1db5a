"""Work for people: who else works on the files of a change."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.learning import Held
from orchestrate.outside import inline
from orchestrate.reports.markdown import bullets, code, duration, instant, page

MOST = 20
_WAITS = (
    "The deployment waits until they are given back, or end: {} at the longest. "
    "Then it goes on, and its plan says so to whoever approves it."
)


def held_by_others(held: Iterable[Held], waits: float) -> str:
    """What stands on the thread where files of the change are worked on elsewhere.

    `waits`: for how many seconds the deployment waits for those who want the files for themselves; 0: not.
    """
    lines = [_line(one) for one in held]
    more = f"and {len(lines) - MOST} more" if len(lines) > MOST else ""
    return page(
        "Others work on files of this change at this moment; its merge may be in their way.",
        bullets([*lines[:MOST], *([more] if more else [])]),
        _WAITS.format(duration(waits)) if waits else "",
    )


def _line(one: Held) -> str:
    until = f", until {instant(one.until)}" if one.until else ""
    why = f" ({inline(one.reason, 120)})" if one.reason else ""
    return f"{code(one.path)}: {inline(one.by, 80)}{why}{until}"
