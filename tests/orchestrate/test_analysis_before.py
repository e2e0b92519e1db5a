"""What the hours before say: how unlike instances are, and what is usual where no old slot is left."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.calibration import DOUBT, at_most, prior
from orchestrate.analysis.verdict import Looks
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import Part, Sample, Verdict
from orchestrate.models.watch import Prior, Watch
from tests.bench_judge.measuring import known_before
from tests.bench_judge.ours import Stopwatch, detected
from tests.bench_judge.scenarios import healthy
from tests.bench_judge.traffic import before
from tests.bench_judge.traffic import hour as traffic
from tests.orchestrate.test_analysis_comparison import WATCH, poisson, samples


def hour(random: Random, errors: float, unlike: float = 0.0) -> list[Sample]:
    """An hour of ten instances; every five minutes each fails by another rate."""
    found: list[Sample] = []
    rates = [errors] * 10
    for tick in range(360):
        if tick % 30 == 0:
            rates = [errors * random.lognormvariate(0, unlike) for _ in rates]
        parts = {f"pod {index}": Part(100, poisson(random, 100 * rate)) for index, rate in enumerate(rates)}
        bad = sum(part.errors for part in parts.values())
        found.append(
            Sample(at=10.0 * tick, component="api", slot="blue", requests=1000, errors=bad, instances=parts)
        )
    return found


@pytest.mark.parametrize(("unlike", "least", "most"), [(0.0, 1.0, 1.3), (0.4, 2.0, 12.0)])
def test_instances_that_differ_by_themselves_are_told_from_luck(
    unlike: float, least: float, most: float
) -> None:
    known = prior(hour(Random(3), 0.005, unlike), 3600)

    assert least <= known.dispersion <= most
    assert (known.requests, known.counts) == (360_000, 108)


def test_nothing_known_makes_nothing_up() -> None:
    assert prior([], 0) == Prior()
    assert Looks(WATCH, Triggers()).failure() is None


def test_unlike_instances_take_more_evidence() -> None:
    worse = samples(errors=(0.02, 0.001), ticks=6)

    watches = [WATCH.model_copy(update={"prior": Prior(dispersion=unlike)}) for unlike in (1.0, 4.0)]

    judged = [judge(watch, worse, Triggers(), Monitoring(), 60) for watch in watches]

    evidence = [one.numbers["e_value_comparison"] for one in judged]
    assert evidence[1] < evidence[0]


def after_promotion(known: Prior) -> Watch:
    return WATCH.model_copy(update={"baseline": None, "share": 100, "final": True, "prior": known})


def promoted(errors: float, ticks: int, late: int = 0) -> list[Sample]:
    """The new version alone; it fails as often as the old one did before and after some minutes."""
    bad = [one for one in samples(errors=(errors, 0.001), ticks=ticks) if one.slot == "green"]
    good = [one for one in samples(errors=(0.001, 0.001), ticks=ticks) if one.slot == "green"]
    return [*good[:late], *bad[late:]]


KNOWN = Prior(seconds=3600, requests=36_000, errors=36)


def test_after_the_promotion_it_is_judged_against_the_hours_before() -> None:
    judged = judge(after_promotion(KNOWN), promoted(0.008, 60), Triggers(), Monitoring(), 600)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.COMPARISON)
    assert "to the version before" in judged.sentence and judged.numbers["ratio"] > 4


def test_an_incident_of_two_minutes_after_the_promotion_is_waited_out() -> None:
    passing = [*promoted(0.008, 12), *promoted(0.001, 60)[12:]]

    assert judge(after_promotion(KNOWN), passing, Triggers(), Monitoring(), 600).trigger == Trigger.WATCHING


def test_without_hours_before_only_thresholds_judge() -> None:
    judged = judge(after_promotion(Prior()), promoted(0.008, 60), Triggers(), Monitoring(), 600)

    assert judged.trigger == Trigger.WATCHING


def test_what_few_counts_say_is_doubted() -> None:
    assert at_most(4.0, 5) > at_most(4.0, 50) > 4.0
    assert at_most(1.0, 5) == at_most(0.7, 5) == 1.0
    assert at_most(4.0, 11) == pytest.approx(1 + 3 * 11 / 5.578, rel=0.01)  # a tenth of chi-squared is below


def test_what_two_instances_say_is_given_as_no_surer_than_it_is() -> None:
    parts = {"pod 0": Part(1000, 10), "pod 1": Part(1000, 30)}
    seen = Sample(at=10, component="api", slot="blue", requests=2000, errors=40, instances=parts)
    beyond_luck = 2 * 10**2 / (0.02 * 0.98 * 1000)

    known = prior([seen], 10)

    assert known.dispersion == pytest.approx(at_most((beyond_luck + DOUBT) / (1 + DOUBT), 1 + DOUBT))
    assert known.dispersion > (beyond_luck + DOUBT) / (1 + DOUBT)


def test_a_service_that_wanders_is_not_taken_back_after_its_promotion() -> None:
    wandering = next(one for one in healthy() if one.promoted and one.wander)
    for seed in range(6):
        random = np.random.default_rng(seed)
        known = known_before(wandering, before(wandering, random))

        assert detected(traffic(wandering, random), Triggers(error_rate=10_000), known, Stopwatch()) is None


def test_whoever_looks_after_each_moment_sees_what_the_judge_says() -> None:
    found = samples(slow=(0.08, 0.01), errors=(0.004, 0.001), ticks=60)
    looks, seen = Looks(WATCH, Triggers()), []
    for index in range(0, len(found), 2):
        looks.take(found[index], found[index + 1])
        told = judge(WATCH, found[: index + 2], Triggers(), Monitoring(), found[index].at)
        said = looks.failure()
        seen.append(said)

        assert (said is not None) is (told.verdict is Verdict.FAIL)
        assert said is None or said.sentence == told.sentence
    assert seen[-1] is not None
