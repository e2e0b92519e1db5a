"""Rests: how long whoever did not answer is left alone."""

from __future__ import annotations

from orchestrate.errors import OrchestrateError, RateLimited, Unreachable

TOO_OFTEN = 60.0
"""The shortest rest for whoever was asked too often and did not say when to come back."""
LONGEST_ASKED = 3600.0
"""However long somebody asks us to rest, it is looked at again after this time."""


def asked_rest(problem: BaseException | None) -> float:
    """Seconds that this problem asks us to rest; 0 where it asks nothing."""
    asked = problem.retry_after if isinstance(problem, Unreachable) else None
    if asked is None and isinstance(problem, RateLimited):
        asked = TOO_OFTEN
    return min(asked or 0.0, LONGEST_ASKED)


def growing(tried: int, first: float, longest: float, problem: OrchestrateError | None = None) -> float:
    """Seconds to the next attempt: twice as long each time, and no sooner than is asked for."""
    return max(min(longest, first * 2 ** min(tried, 10)), asked_rest(problem))
