"""Units: durations and shares as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from orchestrate.settings.tree import Document, Loc, Plain

_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_PIECE = rf"({_NUMBER})\s*(ms|sec|s|min|m|h|d)"
_DURATION = re.compile(rf"{_PIECE}(?:\s*{_PIECE})*")
_SHARE = re.compile(rf"({_NUMBER})\s*%?")
_SECONDS = {"ms": Decimal("0.001"), "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_YEAR = 366 * 86_400


@dataclass(frozen=True)
class Unit:
    """How a number is written in the file, and read from it."""

    expected: str
    pattern: str  # what an editor checks, beside plain numbers
    read: Callable[[str], int]


def seconds(text: str) -> int:
    """`text` in seconds: 90, 90s, 1m 30s. Raises ValueError."""
    return _whole(_duration(text, Decimal(1)))


def milliseconds(text: str) -> int:
    """`text` in milliseconds: 800, 800ms, 0.8s. Raises ValueError."""
    return _whole(_duration(text, Decimal("0.001")) * 1000)


def hundredths(text: str) -> int:
    """A share in hundredths of a percent: 1 %, 1.0, 0.25 %. Raises ValueError."""
    return _whole(_share(text) * 100)


def percent(text: str) -> int:
    """A share in whole percents: 90 %, 90. Raises ValueError."""
    return _whole(_share(text))


def _duration(text: str, plain: Decimal) -> Decimal:
    if re.fullmatch(_NUMBER, text):
        found = Decimal(text) * plain
    elif _DURATION.fullmatch(text):
        found = sum(
            (Decimal(number) * _SECONDS[unit] for number, unit in re.findall(_PIECE, text)), Decimal()
        )
    else:
        raise ValueError(text)
    if found > _YEAR:
        raise ValueError(text)
    return found


def _share(text: str) -> Decimal:
    match = _SHARE.fullmatch(text)
    if match is None or Decimal(match[1]) > 100:
        raise ValueError(text)
    return Decimal(match[1])


def _whole(number: Decimal) -> int:
    if number != int(number):
        raise ValueError(str(number))
    return int(number)


_WORDS = r"^\s*(\d+(\.\d+)?\s*(ms|sec|s|min|m|h|d)\s*)+$"
_PERCENT = r"^\s*\d+(\.\d+)?\s*%?\s*$"
SECONDS = Unit("a duration in whole seconds, such as 30s, 10m or 1h", _WORDS, seconds)
MILLISECONDS = Unit("a duration in whole milliseconds, such as 800ms or 2s", _WORDS, milliseconds)
HUNDREDTHS = Unit("a share of at most two decimals, such as 1 % or 0.25 %", _PERCENT, hundredths)
PERCENT = Unit("a whole share, such as 90 %", _PERCENT, percent)

Units: TypeAlias = Mapping[tuple[str, ...], Unit]
"""Which unit stands where; * is each item of a list, or of keys and values."""

TRIGGERS: Units = {
    ("error_rate",): HUNDREDTHS,
    ("response_time_p99",): MILLISECONDS,
    ("window",): SECONDS,
    ("warm_up",): SECONDS,
    ("smallest_harm",): HUNDREDTHS,
    ("false_alarms",): HUNDREDTHS,
}
ENVIRONMENT: Units = {
    **{("triggers", *path): unit for path, unit in TRIGGERS.items()},
    ("monitoring", "period"): SECONDS,
    ("monitoring", "sample"): SECONDS,
    ("monitoring", "report"): SECONDS,
    ("monitoring", "alert_cpu"): PERCENT,
    ("monitoring", "alert_memory"): PERCENT,
    ("alerts", "*", "for"): SECONDS,
    ("components", "*", "alerts", "*", "for"): SECONDS,
    ("gates", "wait_for_approvals"): SECONDS,
    ("gates", "disk"): PERCENT,
    ("gates", "memory"): PERCENT,
    ("canary", "*", "share"): PERCENT,
    ("canary", "*", "seconds"): SECONDS,
    ("approval_expires",): SECONDS,
    ("approval_reminder",): SECONDS,
    ("verification_timeout",): SECONDS,
    ("move_timeout",): SECONDS,
    ("components", "*", "drain_seconds"): SECONDS,
    ("components", "*", "health", "timeout"): SECONDS,
    ("components", "*", "health", "start_seconds"): SECONDS,
    ("components", "*", "smoke", "*", "within"): MILLISECONDS,
}
DEPLOYER: Units = {
    ("poll_interval",): SECONDS,
    ("monitoring_period",): SECONDS,
    ("verification_timeout",): SECONDS,
    **{("rollback_triggers", *path): unit for path, unit in TRIGGERS.items()},
}
MODELS: Units = {("deadline",): SECONDS}
RESERVATIONS: Units = {("hold",): SECONDS, ("wait",): SECONDS}
WORKER: Units = {("poll_interval",): SECONDS, ("lease_seconds",): SECONDS}


def measure(document: Document, loc: Loc, plain: Plain, units: Units) -> None:
    """Turn the texts in `plain`, which stands at `loc`, into numbers of their units, in place.

    Raises SettingsInvalid at the line of the first that cannot be read.
    """
    for path, unit in units.items():
        _measure(document, tuple(loc), plain, path, unit)


def _measure(
    document: Document, loc: tuple[str | int, ...], plain: Plain, path: tuple[str, ...], unit: Unit
) -> None:
    head, rest = path[0], path[1:]
    for key, value in _within(plain, head):
        if rest:
            _measure(document, (*loc, key), value, rest, unit)
        elif isinstance(value, str):
            _put(plain, key, _read(document, (*loc, key), value, unit))


def _within(plain: Plain, head: str) -> list[tuple[str | int, Plain]]:
    if isinstance(plain, list) and head == "*":
        return list(enumerate(plain))
    if isinstance(plain, dict) and head == "*":
        return list(plain.items())
    return [(head, plain[head])] if isinstance(plain, dict) and head in plain else []


def _put(plain: Plain, key: str | int, number: int) -> None:
    if isinstance(plain, dict):
        plain[str(key)] = number


def _read(document: Document, loc: Loc, text: str, unit: Unit) -> int:
    try:
        return unit.read(text.strip())
    except ValueError:
        raise document.fault(
            loc, f"{loc[-1]}: expected {unit.expected}, found {document.found(loc)}"
        ) from None
