"""Whatever takes a release back says how many times what it was, how sure that is, and what was counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.words import times
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import Prior, Watch
from tests.orchestrate.test_analysis import CANARY, latency, sample, watch

HOURS = watch().model_copy(update={"prior": Prior(seconds=3600, requests=36_000, errors=36)})
QUEUE = Alert(metric="queue", above=Decimal(10), window=60, rollback=True)
SLOW = tuple(a + b for a, b in zip(latency(80, 95), latency(1300, 5), strict=True))
MANY, OLD = {"requests": 900, "buckets": latency(80, 900)}, "blue"


def ticks(number: int, slot: str = "green", **facts: object) -> list[Sample]:
    return [sample(tick, slot, **facts) for tick in range(1, number + 1)]


def beside(number: int, *new: Sample, **old: object) -> list[Sample]:
    return [*new, *ticks(number, OLD, **{**MANY, **old})]


def failing(samples: Sequence[Sample], on: Watch, **triggers: object) -> Judgement:
    now = max(one.at for one in samples) + 1
    return judge(on, samples, Triggers.model_validate(triggers), Monitoring(), now, {"queue": QUEUE})


Way = tuple[Trigger, list[Sample], Watch, dict[str, object], str]  # the last: what the ratio is of
ALONE = watch()
FIXED: dict[str, object] = {"comparison": False}
WAYS: dict[str, Way] = {
    "errors": (Trigger.ERROR_RATE, ticks(30, errors=2), ALONE, {}, "the threshold"),
    "errors beside": (Trigger.ERROR_RATE, beside(30, *ticks(30, errors=5), errors=2), CANARY, FIXED, OLD),
    "p99": (Trigger.RESPONSE_TIME_P99, ticks(30, buckets=SLOW), ALONE, {}, "the threshold"),
    "p99 beside": (Trigger.RESPONSE_TIME_P99, beside(30, *ticks(30, buckets=SLOW)), CANARY, FIXED, OLD),
    "health": (Trigger.HEALTH_CHECKS, ticks(3, healthy=False, note="503"), ALONE, {}, "the threshold"),
    "nothing runs": (
        Trigger.HEALTH_CHECKS,
        ticks(3, state=SampleState.NO_INSTANCE),
        CANARY,
        {},
        "the threshold",
    ),
    "restarts": (Trigger.RESTARTS, ticks(4, restarts=1), ALONE, {}, "the threshold"),
    "burst": (Trigger.ERROR_BURST, ticks(3, errors=30), ALONE, {}, "the threshold"),
    "database": (Trigger.DATABASE_ERRORS, ticks(3, database_errors=4), ALONE, {}, "the threshold"),
    "database beside": (
        Trigger.DATABASE_ERRORS,
        beside(3, *ticks(3, database_errors=9), database_errors=1),
        CANARY,
        FIXED,
        OLD,
    ),
    "metric": (Trigger.METRIC, ticks(6, series={"queue": 40.0}), ALONE, {}, "the threshold"),
    "metric beside": (
        Trigger.METRIC,
        beside(6, *ticks(6, series={"queue": 40.0}), series={"queue": 2.0}),
        CANARY,
        {},
        OLD,
    ),
    "compared": (Trigger.COMPARISON, beside(20, *ticks(20, errors=5), errors=1), CANARY, {}, OLD),
    "compared with before": (Trigger.COMPARISON, ticks(40, errors=1), HOURS, {}, "the version before"),
    "slow": (
        Trigger.SLOW_REQUESTS,
        beside(40, *ticks(40, buckets=latency(200, 100))),
        CANARY,
        {"warm_up": 0},
        OLD,
    ),
    "catastrophe": (Trigger.ERROR_BURST, beside(3, *ticks(3, errors=50), errors=1), CANARY, {}, OLD),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_back_carries_ratio_evidence_and_counts(way: str) -> None:
    trigger, samples, on, triggers, against = WAYS[way]

    judged = failing(samples, on, **triggers)

    numbers, sentence = judged.numbers, judged.sentence
    assert (judged.verdict, judged.trigger, judged.against) == (Verdict.FAIL, trigger, against)
    assert times(numbers["ratio"]) in sentence and against in sentence
    if "e_value" in numbers:
        assert "by luck below 1 in " in sentence
        assert {"requests_new", "requests_old", "bad_new", "bad_old"} <= numbers.keys()
    else:
        have, had = numbers["window_samples"], numbers["window_over"]
        assert 0 < had <= have and numbers["window"] > 0 and "allowed" in numbers
        assert re.search(f"in {had:g} of {have:g} samples of [0-9]+ (s|min)", sentence)


def test_every_trigger_that_takes_back_is_among_the_ways() -> None:
    judgements = set(Trigger) - {trigger for trigger, *_ in WAYS.values()}

    assert judgements == {
        Trigger.MISSING, Trigger.TOO_FEW_REQUESTS, Trigger.WATCHING, Trigger.PASSED, Trigger.EXCLUDED,
    }  # fmt: skip


def test_beside_an_old_slot_its_counts_are_said() -> None:
    _, samples, on, triggers, _ = WAYS["errors beside"]

    assert failing(samples, on, **triggers).sentence == (
        "5 % of 3,000 requests to green failed over 5 min, and more than 1 % throughout:"
        " 22 times as much as blue (60 of 27,000), in 30 of 30 samples of 5 min"
    )


def test_of_a_threshold_of_zero_there_is_no_multiple_and_that_is_said() -> None:
    judged = failing(ticks(30, errors=2), ALONE, error_rate=0)

    assert judged.sentence.endswith(": no multiple of the threshold, in 30 of 30 samples of 5 min")
    assert "ratio" not in judged.numbers and judged.numbers["window_over"] == 30


def test_a_verdict_that_was_stored_before_is_read_still() -> None:
    before = '{"verdict":"fail","trigger":"error_rate","sentence":"because","numbers":{"rate":0.5}}'

    assert Judgement.model_validate_json(before).against == ""
