"""Thresholds beside the triggers: what is told, what takes a release back, and what is never good."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import Watch

BUCKETS = tuple(100 if edge == 80 else 0 for edge in (*LATENCY_EDGES_MS, None))
WATCH = Watch(
    id="D1:3", deployment="D1", environment="production", component="api", slot="green",
    opened_at=0, until=600, interval=10, share=100, final=True, next_at=0,
)  # fmt: skip
CANARY = WATCH.model_copy(update={"baseline": "blue", "share": 10})
ORDERS = Alert(query="orders", below=Decimal(100), window=60, rollback=True)

Levels = Sequence[float | SampleState | None]


def samples(levels: Levels, slot: str = "green", name: str = "orders") -> list[Sample]:
    return [
        Sample(
            at=10.0 * tick,
            component="api",
            slot=slot,
            requests=100,
            buckets=BUCKETS,
            healthy=True,
            series={} if level is None else {name: level},
        )
        for tick, level in enumerate(levels, start=1)
    ]


def judged(
    taken: Sequence[Sample], alert: Alert = ORDERS, on: Watch = WATCH, now: float = 600, name: str = "orders"
) -> Judgement:
    return judge(on, taken, Triggers(), Monitoring(), now, {name: alert})


def test_a_threshold_that_is_crossed_now_is_told_with_its_number() -> None:
    alert = Alert(metric="pool", above=Decimal("80.5"))

    found = judged(samples([10.0] * 59 + [1234.5]), alert)

    assert found.verdict is Verdict.PASS
    assert found.named_alerts == {"orders": "orders of green is at 1,234 (alert above 80.5)"}
    assert found.numbers["alert_orders"] == 1234.5


@pytest.mark.parametrize(
    ("newest", "is_told"),
    [
        ([90.0] * 6, True),
        ([90.0] * 5, False),
        ([90.0] * 5 + [70.0], False),
        ([90.0] * 3 + [70.0, 90.0, 90.0], False),
    ],
)
def test_a_window_is_crossed_when_all_of_it_is(newest: list[float], is_told: bool) -> None:
    alert = Alert(metric="pool", above=Decimal(80), window=60)

    found = judged(samples([10.0] * (60 - len(newest)) + newest), alert)

    assert bool(found.named_alerts) is is_told


def test_too_little_of_a_window_is_no_crossing() -> None:
    assert judged(samples([40.0] * 5), now=50).verdict is Verdict.INCONCLUSIVE
    assert judged(samples([40.0] * 6), now=60).verdict is Verdict.FAIL


def test_a_metric_that_takes_the_release_back_says_its_number_and_threshold() -> None:
    found = judged(samples([120.0] * 20 + [40.0] * 6), now=260)

    assert (found.verdict, found.trigger) == (Verdict.FAIL, Trigger.METRIC)
    assert found.sentence == (
        "orders is at 40, and has been below 100 for 60 s: 0.4 times the threshold, in 6 of 6 samples of 60 s"
    )
    assert (found.numbers["orders"], found.numbers["allowed"]) == (40.0, 100.0)
    assert found.named_alerts == {}


@pytest.mark.parametrize("state", [SampleState.NO_DATA, SampleState.NOT_A_NUMBER, SampleState.SOURCE_DOWN])
def test_silence_is_told_by_name_after_three_readings(state: SampleState) -> None:
    alert = Alert(metric="pool", above=Decimal(80))

    early = judged(samples([10.0] * 58 + [state] * 2), alert)
    found = judged(samples([10.0] * 57 + [state] * 3), alert)

    assert early.named_alerts == {}
    assert found.named_alerts == {
        "orders: no data": f"no data about orders of green: {state.value.replace('_', ' ')}"
    }


def test_silence_of_a_metric_that_decides_is_never_a_pass() -> None:
    found = judged(samples([120.0] * 40 + [SampleState.SOURCE_DOWN] * 20))

    assert (found.verdict, found.trigger) == (Verdict.INCONCLUSIVE, Trigger.MISSING)
    assert found.sentence == "only 40 of 59 samples of orders are usable (source down)"


def test_a_first_reading_without_anything_before_it_is_no_silence() -> None:
    found = judged(samples([None] + [120.0] * 59))

    assert (found.verdict, found.named_alerts) == (Verdict.PASS, {})


def test_what_the_old_slot_does_as_badly_is_told_and_takes_nothing_back() -> None:
    slow = Alert(metric="query_seconds", above=Decimal("0.5"), window=60, rollback=True)
    taken = [*samples([0.9] * 60, name="query_time"), *samples([0.8] * 60, "blue", "query_time")]

    found = judged(taken, slow, CANARY, name="query_time")

    assert (found.verdict, found.trigger) == (Verdict.INCONCLUSIVE, Trigger.METRIC)
    assert "blue is hardly better" in found.sentence
    assert [*found.named_alerts] == ["query_time"]


def test_what_only_the_new_slot_does_badly_takes_it_back() -> None:
    slow = Alert(metric="query_seconds", above=Decimal("0.5"), window=60, rollback=True)
    taken = [*samples([0.9] * 60, name="query_time"), *samples([0.1] * 60, "blue", "query_time")]

    assert judged(taken, slow, CANARY, name="query_time").verdict is Verdict.FAIL


def test_another_threshold_for_cpu_replaces_the_usual_one() -> None:
    hot = [one.model_copy(update={"cpu": 75.0}) for one in samples([None] * 60)]

    assert [*judged(hot).named_alerts] == ["cpu"]
    assert judged(hot, Alert(above=Decimal(90)), name="cpu").named_alerts == {}
