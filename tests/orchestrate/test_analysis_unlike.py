"""Slots that are unlike by themselves: a busy machine is no bad release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.analysis.unlike import ASSUMED, TOLD, Unlike, unlike
from orchestrate.models.watch import Prior
from tests.bench_judge.ours import COLD_START, Stopwatch, detected
from tests.bench_judge.scenarios import Scenario, healthy
from tests.bench_judge.traffic import drawn

BUSY = next(one for one in healthy() if one.is_first)
"""Few requests of a few milliseconds, whose times wander in each instance by itself; nobody knows it."""


def taken_back(scenario: Scenario, runs: int, known: Prior) -> int:
    """How many of so many canaries, an hour each."""
    seen = [detected(drawn(scenario, seed), COLD_START, known, Stopwatch()) for seed in range(runs)]
    return sum(one is not None for one in seen)


def test_a_first_release_on_a_busy_machine_is_not_taken_back() -> None:
    assert taken_back(BUSY, 15, Prior()) == 0


def test_without_an_allowance_it_would_be() -> None:
    assert taken_back(BUSY, 10, Prior(counts_slow=100)) > 0


def test_a_first_release_that_is_plainly_slower_is_taken_back() -> None:
    assert taken_back(replace(BUSY, scale=3), 10, Prior()) == 10


def test_what_was_measured_is_used_and_else_what_is_assumed() -> None:
    assert unlike(Prior(counts_slow=20, dispersion_slow=2), 10) == Unlike(2)
    assert unlike(Prior(periods=5, dispersion_slow=1.5, drift_slow=3), 10) == Unlike(3)
    assert unlike(Prior(counts_slow=19, periods=4), 60) == Unlike(1, TOLD * 2 * ASSUMED**2)


def test_a_shift_adds_more_to_all_latencies_than_to_the_slowest() -> None:
    measured = Unlike(2)

    assert measured.tail(100, 900) == 2
    assert measured.all(100, 900) == pytest.approx(1 + 1 / TOLD)
    assert Unlike(1, 0.01).tail(500, 500) > Unlike(1, 0.01).tail(50, 50)
