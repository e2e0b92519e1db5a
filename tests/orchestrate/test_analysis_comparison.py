from __future__ import annotations

from math import exp
from random import Random

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.evidence import Pair, constant, course, evidence, warming
from orchestrate.analysis.words import chance, percent, span, times
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, Verdict
from orchestrate.models.watch import Watch

LOOKS = 360
ENOUGH = 170.0  # 1 / (0.6 × 1 %)
WATCH = Watch(
    id="D1:3", deployment="D1", environment="production", component="api", slot="green",
    baseline="blue", opened_at=0, until=3600, interval=10, share=10, next_at=0,
)  # fmt: skip


def poisson(random: Random, mean: float) -> int:
    if mean > 30:
        return max(0, round(random.gauss(mean, mean**0.5)))
    left, number = exp(-mean), 0
    product = random.random()
    while product > left:
        product *= random.random()
        number += 1
    return number


def pairs(random: Random, new: float, old: float, *, rps: float = 100, late: int = 0) -> list[Pair]:
    """An hour of 10-second intervals; the new slot has a tenth of the requests."""
    found: list[Pair] = []
    for tick in range(1, LOOKS + 1):
        requests = (poisson(random, rps), poisson(random, 9 * rps))
        rate = new if tick > late else old
        hits = (min(requests[0], poisson(random, requests[0] * rate)), poisson(random, requests[1] * old))
        found.append(Pair(10.0 * tick, *requests, *hits))
    return found


def looks_needed(found: list[Pair], enough: float = ENOUGH) -> int | None:
    values = course(found, warming(0, 30), LOOKS)
    return next((look for look, value in enumerate(values, start=1) if value >= enough), None)


def median_looks(new: float, old: float, *, rps: float = 100, late: int = 0, runs: int = 15) -> int:
    random = Random(11)
    needed = [looks_needed(pairs(random, new, old, rps=rps, late=late)) for _ in range(runs)]
    return sorted(look or LOOKS + 1 for look in needed)[runs // 2]


@pytest.mark.parametrize(("old", "ratio"), [(0.001, 1.0), (0.01, 1.0), (0.01, 1.25)])
def test_looking_360_times_rarely_raises_a_false_alarm(old: float, ratio: float) -> None:
    random = Random(7)
    runs = 150

    alarms = sum(looks_needed(pairs(random, old * ratio, old)) is not None for _ in range(runs))

    assert alarms <= 3


def test_a_shared_incident_raises_no_alarm() -> None:
    random = Random(5)
    values = [
        value
        for _ in range(20)
        for value in course(
            [*pairs(random, 0.001, 0.001)[:60], *pairs(random, 0.05, 0.05)[:60]], constant, LOOKS
        )
    ]

    assert max(values) < ENOUGH


def test_a_twentieth_failing_is_seen_within_a_few_looks() -> None:
    assert median_looks(0.05, 0.001) <= 3


def test_one_percent_failing_is_seen_within_minutes() -> None:
    assert median_looks(0.01, 0.001) <= 18


def test_a_regression_that_begins_late_is_seen_as_quickly() -> None:
    assert median_looks(0.01, 0.001, late=120) - 120 <= 18


def test_few_requests_need_more_time() -> None:
    assert median_looks(0.05, 0.001, rps=1) > median_looks(0.05, 0.001, rps=10)


def test_nothing_to_go_by_is_no_evidence() -> None:
    assert evidence([], constant, LOOKS) == 1.0
    assert evidence([Pair(1, 0, 100, 0, 5), Pair(2, 100, 0, 5, 0)], constant, LOOKS) == pytest.approx(1.0)


def test_evidence_never_overflows() -> None:
    flood = [Pair(tick, 10**6, 10**7, 10**6, 0) for tick in range(100)]

    assert evidence(flood, constant, LOOKS) == 1e12


def samples(
    slow: tuple[float, float] = (0.01, 0.01),
    errors: tuple[float, float] = (0.001, 0.001),
    ticks: int = 60,
    shift: int = 0,
) -> list[Sample]:
    """New and old slot: shares of slow requests and of errors; `shift` moves every latency by buckets."""
    random = Random(3)
    found: list[Sample] = []
    for tick in range(1, ticks + 1):
        for which, (slot, requests) in enumerate((("green", 100), ("blue", 900))):
            late = min(requests, poisson(random, requests * slow[which]))
            buckets = [0] * (len(LATENCY_EDGES_MS) + 1)
            buckets[5 + shift], buckets[12 + shift] = requests - late, late
            bad = min(requests, poisson(random, requests * errors[which]))
            found.append(
                Sample(at=10.0 * tick, component="api", slot=slot, requests=requests, errors=bad,
                       buckets=tuple(buckets), healthy=True)
            )  # fmt: skip
    return found


def judged(found: list[Sample], now: float = 600, triggers: Triggers | None = None) -> Judgement:
    return judge(WATCH, found, triggers or Triggers(), Monitoring(), now)


def test_the_judgement_says_in_one_sentence_what_was_compared() -> None:
    found = judged(samples(errors=(0.05, 0.001), ticks=6), now=60)

    assert (found.verdict, found.trigger) == (Verdict.FAIL, Trigger.COMPARISON)
    assert found.sentence.startswith("4.5 % of 200 requests to green failed against 0 % of 1,800 to blue")
    assert "times as many; chance of this by luck below 1 in " in found.sentence
    assert found.numbers["ratio"] > 20 and found.numbers["e_value"] >= ENOUGH


def test_half_of_the_requests_failing_is_a_catastrophe_at_the_first_look() -> None:
    found = judged(samples(errors=(0.5, 0.001), ticks=1), now=10)

    assert (found.verdict, found.trigger) == (Verdict.FAIL, Trigger.ERROR_BURST)


def test_more_slow_requests_fail_the_release_long_before_the_fixed_threshold() -> None:
    found = judged(samples(slow=(0.1, 0.01), ticks=40), now=400)

    assert (found.verdict, found.trigger) == (Verdict.FAIL, Trigger.SLOW_REQUESTS)
    assert " took longer than 15 ms against " in found.sentence


def test_latency_in_other_units_gives_the_same_evidence() -> None:
    usual, scaled = (samples(slow=(0.1, 0.01), ticks=40, shift=shift) for shift in (0, 10))

    assert judged(usual, now=400).numbers["e_value"] == judged(scaled, now=400).numbers["e_value"]


def test_answers_on_either_side_of_one_edge_are_not_a_regression() -> None:
    new = [one for one in samples(slow=(0.0, 0.0), shift=1) if one.slot == "green"]
    old = [one for one in samples(slow=(0.0, 0.0)) if one.slot == "blue"]

    assert judged([*new, *old]).numbers["e_value_slow_requests"] <= 1


def test_equal_slots_stay_under_watch() -> None:
    found = judged(samples(ticks=60))

    assert found.trigger == Trigger.WATCHING
    assert found.numbers["e_value_comparison"] < ENOUGH and found.numbers["e_value_slow_requests"] < ENOUGH


def test_the_comparison_can_be_switched_off() -> None:
    found = judged(samples(errors=(0.009, 0.0)), triggers=Triggers(comparison=False))

    assert found.trigger == Trigger.WATCHING


def test_numbers_are_said_as_people_say_them() -> None:
    assert (percent(52, 1000), percent(4, 10_000), percent(1, 100), percent(0, 0)) == (
        "5.2 %", "0.04 %", "1 %", "0 %",
    )  # fmt: skip
    assert (span(45), span(300), span(7200)) == ("45 s", "5 min", "2 h")
    assert (times(41.2), times(2.5), chance(23_456)) == ("41 times", "2.5 times", "below 1 in 20,000")
