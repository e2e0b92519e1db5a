"""Room: whether a vendor's words say that a quota, a plan's limit or its capacity is used up."""

from __future__ import annotations

import re

from orchestrate.errors import NoRoom, StartFailed

SPENT = re.compile(
    r"quota|capacity is unavailable|unable to place a task|reached the limit on"
    r"|\b(plan|usage|spend(ing)?|account|provision|instances?|cores?) limit"
    r"|limit ?exceeded|allowed cores exceeded|out ?of ?ip ?addresses|payment required",
    re.IGNORECASE,
)
PACE = re.compile(r"per (second|minute|hour|day)\b|rate.?limit|too many requests|throttl", re.IGNORECASE)
"""How fast may be asked is no room: that comes back by itself."""


def is_spent(words: str) -> bool:
    """Whether they say so."""
    return bool(SPENT.search(words)) and not PACE.search(words)


def not_started(said: str, *, cure: str = "") -> StartFailed:
    """Why something did not start: for want of room, or of anything else that `cure` helps."""
    return NoRoom(said) if is_spent(said) else StartFailed(said, cure=cure)
