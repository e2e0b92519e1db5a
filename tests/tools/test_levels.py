"""What a series is at: levels as they are, totals per second, and means of what was added."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate.models.alert import Alert, Several
from orchestrate.models.sample import SampleState
from tools.levels import kept, level
from tools.series import Kind, Parts, Told

ALERT = Alert(metric="x")
WORST = Alert(metric="x", instances=Several.WORST)


def at(parts: Parts, before: Parts | None = None, alert: Alert = ALERT) -> float | SampleState | None:
    return level("x", alert, parts, kept("x", before or {}), 10.0)


def test_levels_are_added_up_or_the_worst_counts() -> None:
    parts = {"one": Told(3), "two": Told(5)}

    assert at(parts) == 8
    assert at(parts, alert=WORST) == 5
    assert at(parts, alert=Alert(metric="x", instances=Several.WORST, below=Decimal(4))) == 3


def test_a_total_is_told_per_second_and_one_that_became_smaller_began_anew() -> None:
    before = {"one": Told(100, Kind.TOTAL), "two": Told(500, Kind.TOTAL)}
    now = {"one": Told(130, Kind.TOTAL), "two": Told(20, Kind.TOTAL), "new": Told(9000, Kind.TOTAL)}

    assert at(now) is None
    assert at(now, before) == 5


def test_a_sum_is_told_as_the_mean_of_what_was_added() -> None:
    before = {"one": Told(10, Kind.SUM, 100), "two": Told(0, Kind.SUM, 0)}
    now = {"one": Told(14, Kind.SUM, 104), "two": Told(1, Kind.SUM, 1)}

    assert at(now, before) == 1.0
    assert at(before, before) is SampleState.NO_DATA


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_has_a_name(value: float) -> None:
    assert at({"one": Told(1), "two": Told(value)}) is SampleState.NOT_A_NUMBER
    assert at({}) is SampleState.NO_DATA
