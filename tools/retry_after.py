"""Retry-After: how long whoever was asked too often wants to be left alone, in any of the ways it is said."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0
"""Seconds; who asks for more is not believed."""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (epoch seconds); None when it is not said. Names in `headers` are small letters.

    Retry-After is in seconds or a date; a used-up allowance ([x-]ratelimit-remaining: 0) ends at its reset.
    """
    said = headers.get("retry-after", "").strip()
    if said:
        return _bounded(float(said) if _is_number(said) else _until(said, now))
    for allowance in ("x-ratelimit", "ratelimit"):
        reset = headers.get(f"{allowance}-reset", "").strip()
        if headers.get(f"{allowance}-remaining", "").strip() == "0" and _is_number(reset):
            return _bounded(float(reset) - now + 1)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _until(date: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 0.0), LONGEST)
