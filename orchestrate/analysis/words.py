"""How numbers are said: one plain sentence per judgement, without a formula in it."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """What decided a judgement."""

    ERROR_RATE = "error_rate"
    ERROR_BURST = "error_burst"
    RESPONSE_TIME_P99 = "response_time_p99"
    HEALTH_CHECKS = "health_checks"
    DATABASE_ERRORS = "database_errors"
    RESTARTS = "restarts"
    METRIC = "metric"
    COMPARISON = "comparison"
    SLOW_REQUESTS = "slow_requests"
    MISSING = "missing"
    TOO_FEW_REQUESTS = "too_few_requests"
    WATCHING = "watching"
    PASSED = "passed"
    EXCLUDED = "harm_excluded"


def percent(part: float, whole: float) -> str:
    """A share as people say it: 41 %, 5.2 %, 0.04 %."""
    share = 100 * part / whole if whole else 0.0
    digits = 0 if share >= 10 or share == 0 else 1 if share >= 0.1 else 2
    return f"{share:.{digits}f} %".replace(".0 %", " %")


def count(number: float) -> str:
    """A number with separators: 7,340."""
    return f"{number:,.0f}"


def amount(number: float) -> str:
    """A number of any size: 1,234, 85.3, 0.041."""
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.3g}"


def span(seconds: float) -> str:
    """A time as people say it: 45 s, 5 min, 2 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def times(ratio: float) -> str:
    """A ratio as people say it: 41 times, 2.5 times, 0.04 times."""
    if ratio < 1:
        return f"{ratio:.2g} times"
    return f"{count(ratio)} times" if ratio >= 10 else f"{ratio:.1f} times"


def chance(evidence: float) -> str:
    """What an e-value promises, rounded to the safe side: below 1 in 20,000.

    Beyond a million it says more about the model's assumptions than about luck.
    """
    whole = min(1_000_000, int(evidence))
    digits = 10 ** (len(str(whole)) - 1)
    return f"below 1 in {count(whole // digits * digits)}"
