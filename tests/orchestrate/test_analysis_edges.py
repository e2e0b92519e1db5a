"""Thresholds at the edges of a watch: windows of few samples, and watches shorter than a window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import Sample, Verdict
from tests.orchestrate.test_analysis import OPENED, latency, sample, verdict, watch


def shaken(samples: Sequence[Sample], by: float) -> list[Sample]:
    """The same samples, every other one a little early."""
    return [
        one.model_copy(update={"at": one.at - by}) if index % 2 else one for index, one in enumerate(samples)
    ]


@pytest.mark.parametrize("by", [-4.0, -0.2, 0.0, 0.2, 4.0])
def test_a_window_of_few_samples_is_judged_though_they_come_early_or_late(by: float) -> None:
    samples = shaken([sample(tick, errors=5) for tick in range(1, 4)], by)
    brief = Triggers(window=20, minimum_requests=20)

    judged = judge(watch(seconds=30), samples, brief, Monitoring(), OPENED + 30)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.ERROR_RATE)


def test_errors_in_a_watch_that_is_shorter_than_the_window_do_not_pass() -> None:
    samples = [sample(tick, errors=5) for tick in range(1, 7)]

    judged = verdict(samples, on=watch(seconds=60), now=OPENED + 60)

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.ERROR_RATE)
    assert judged.sentence == (
        "5 % of the last 600 requests to green failed, though a threshold was not crossed for all of 5 min"
    )


def test_slowness_in_a_watch_that_is_shorter_than_the_window_does_not_pass() -> None:
    samples = [sample(tick, buckets=latency(3000, 100)) for tick in range(1, 7)]

    judged = verdict(samples, on=watch(seconds=60), now=OPENED + 60)

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.RESPONSE_TIME_P99)


def test_a_stray_error_in_a_short_watch_passes() -> None:
    samples = [sample(tick, errors=1 if tick < 4 else 0) for tick in range(1, 7)]

    assert verdict(samples, on=watch(seconds=60), now=OPENED + 60).verdict is Verdict.PASS
