from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.series import quantile
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import Watch

OPENED = 1_000_000.0
BUCKETS = len(LATENCY_EDGES_MS) + 1
TRIGGERS = Triggers()


def watch(seconds: int = 600, baseline: str | None = None, share: int = 100, final: bool = True) -> Watch:
    return Watch(
        id="D1:3",
        deployment="D1",
        environment="production",
        component="api",
        slot="green",
        baseline=baseline,
        opened_at=OPENED,
        until=OPENED + seconds,
        interval=10,
        share=share,
        final=final,
        next_at=OPENED,
    )


CANARY = watch(baseline="blue", share=10, final=False)


def latency(ms: float, requests: int) -> tuple[int, ...]:
    index = next((i for i, edge in enumerate(LATENCY_EDGES_MS) if edge >= ms), BUCKETS - 1)
    return tuple(requests if i == index else 0 for i in range(BUCKETS))


def sample(tick: int, slot: str = "green", **facts: object) -> Sample:
    good: dict[str, object] = {"requests": 100, "buckets": latency(80, 100), "healthy": True}
    known = {"at": OPENED + 10 * tick, "component": "api", "slot": slot}
    return Sample.model_validate({**known, **good, **facts})


def good(ticks: int, slot: str = "green") -> list[Sample]:
    return [sample(tick, slot) for tick in range(1, ticks + 1)]


def verdict(samples: Sequence[Sample], on: Watch | None = None, now: float = OPENED + 600) -> Judgement:
    judged = judge(on or watch(), samples, TRIGGERS, Monitoring(), now)
    json.dumps(judged.model_dump(mode="json"), allow_nan=False)
    return judged


def test_a_quiet_watch_passes_at_its_end_and_not_before() -> None:
    assert verdict(good(60)).verdict is Verdict.PASS
    early = verdict(good(60), now=OPENED + 599)
    assert (early.verdict, early.trigger) == (Verdict.INCONCLUSIVE, Trigger.WATCHING)


def test_a_pass_names_its_numbers() -> None:
    judged = verdict(good(60))

    assert judged.sentence == (
        "0 % of 6,000 requests to green failed in 10 min and 99 % took less than 80 ms;"
        " no threshold was crossed"
    )
    assert judged.numbers["requests"] == 6000


def test_errors_over_the_threshold_for_the_window_fail() -> None:
    samples = [sample(tick, errors=2) for tick in range(1, 31)]

    judged = verdict(samples, now=OPENED + 301)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.ERROR_RATE)
    assert judged.sentence == (
        "2 % of 3,000 requests to green failed over 5 min, and more than 1 % throughout:"
        " 2.0 times the threshold, in 30 of 30 samples of 5 min"
    )


def test_errors_that_stop_for_a_minute_do_not_cross_the_threshold() -> None:
    samples = [sample(tick, errors=0 if 10 < tick <= 18 else 5) for tick in range(1, 31)]

    assert verdict(samples, now=OPENED + 301).trigger == Trigger.WATCHING


def test_errors_at_exactly_the_threshold_are_allowed() -> None:
    samples = [sample(tick, errors=1) for tick in range(1, 61)]

    assert verdict(samples).verdict is Verdict.PASS


def test_a_slow_p99_for_the_window_fails() -> None:
    slow = tuple(a + b for a, b in zip(latency(80, 95), latency(1300, 5), strict=True))
    samples = [sample(tick, buckets=slow) for tick in range(1, 31)]

    judged = verdict(samples, now=OPENED + 301)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.RESPONSE_TIME_P99)
    assert 1000 < judged.numbers["p99"] <= 1300


def test_what_the_old_slot_does_too_is_no_reason_to_go_back_nor_to_go_on() -> None:
    both = [sample(t, slot, errors=2) for t in range(1, 61) for slot in ("green", "blue")]

    during = verdict(both, CANARY, now=OPENED + 599)
    ended = verdict(both, CANARY)

    assert during.trigger == Trigger.WATCHING
    assert (ended.verdict, ended.trigger) == (Verdict.INCONCLUSIVE, Trigger.ERROR_RATE)
    assert "going back may not help" in ended.sentence and ended.alerts


def test_three_failed_health_checks_in_a_row_fail_at_once() -> None:
    failing = [sample(tick, healthy=tick <= 2, note="status 503, wanted 200") for tick in range(1, 6)]

    judged = verdict(failing, now=OPENED + 50)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.HEALTH_CHECKS)
    assert judged.sentence == (
        "green failed 3 health checks in a row: 1.0 times the threshold, in 3 of 5 samples of 50 s;"
        " status 503, wanted 200"
    )


def test_a_health_check_that_recovers_starts_counting_anew() -> None:
    samples = [sample(tick, healthy=tick % 3 == 0) for tick in range(1, 60)] + [sample(60)]

    assert verdict(samples).verdict is Verdict.PASS


def test_an_unhealthy_last_sample_never_passes() -> None:
    judged = verdict([*good(59), sample(60, healthy=False)])

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.HEALTH_CHECKS)


def test_nothing_left_in_the_new_slot_counts_as_unhealthy() -> None:
    gone = [sample(t, state=SampleState.NO_INSTANCE, healthy=None) for t in (3, 4, 5)]

    assert verdict([*good(2), *gone], now=OPENED + 51).trigger == Trigger.HEALTH_CHECKS


def test_a_crash_loop_fails_and_a_single_restart_alerts() -> None:
    looping = [sample(tick, restarts=tick % 2) for tick in range(1, 7)]

    assert verdict(looping, now=OPENED + 61).trigger == Trigger.RESTARTS
    once = verdict([*good(59), sample(60, restarts=1)])
    assert once.verdict is Verdict.PASS and "restarted 1 times" in once.alerts[0]


def test_a_spike_of_database_errors_fails_unless_the_old_slot_has_it_too() -> None:
    new = [sample(tick, database_errors=4) for tick in (1, 2, 3)]
    old = [sample(tick, "blue", database_errors=4) for tick in (1, 2, 3)]

    assert verdict(new, now=OPENED + 31).trigger == Trigger.DATABASE_ERRORS
    assert verdict([*new, *old], CANARY, now=OPENED + 31).trigger == Trigger.WATCHING


def test_a_burst_of_errors_is_not_waited_out() -> None:
    samples = [*good(5), *(sample(tick, errors=30) for tick in (6, 7, 8))]

    judged = verdict(samples, now=OPENED + 81)

    assert (judged.verdict, judged.trigger) == (Verdict.FAIL, Trigger.ERROR_BURST)


@pytest.mark.parametrize("state", [SampleState.NO_DATA, SampleState.NOT_A_NUMBER, SampleState.SOURCE_DOWN])
def test_each_way_of_missing_is_named_and_never_passes(state: SampleState) -> None:
    missing = [sample(tick, state=state, requests=0, buckets=None) for tick in range(1, 61)]

    judged = verdict(missing)

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.MISSING)
    assert state.value.replace("_", " ") in judged.sentence


def test_no_samples_at_all_never_pass() -> None:
    assert verdict([]).trigger == Trigger.MISSING


@pytest.mark.parametrize(("ticks", "passes"), [(54, True), (53, False)])
def test_ninety_percent_of_the_expected_samples_prove_a_watch(ticks: int, passes: bool) -> None:
    judged = verdict(good(ticks))

    assert (judged.verdict is Verdict.PASS) is passes
    assert passes or judged.trigger == Trigger.MISSING


def test_many_samples_at_once_do_not_stand_for_a_whole_watch() -> None:
    burst = [sample(1, at=OPENED + index / 100) for index in range(500)]

    assert verdict(burst).trigger == Trigger.MISSING


@pytest.mark.parametrize("late", [0.0, 4.9, 5.0, 9.9])
def test_samples_may_be_late_by_a_varying_part_of_the_interval(late: float) -> None:
    samples = [sample(t, at=OPENED + 10 * t + late + (t % 3 - 1) * 0.4) for t in range(59)]

    assert verdict(samples).verdict is Verdict.PASS


def test_too_few_requests_are_inconclusive_but_not_where_there_is_no_traffic() -> None:
    idle = [sample(tick, requests=1, buckets=None) for tick in range(1, 61)]

    assert verdict(idle).trigger == Trigger.TOO_FEW_REQUESTS
    assert verdict(idle, watch(share=0)).verdict is Verdict.PASS


def test_a_canary_without_its_baseline_is_inconclusive() -> None:
    lost = [sample(t, "blue", state=SampleState.NO_BASELINE, requests=0) for t in range(1, 61)]

    judged = verdict([*good(60), *lost], CANARY)

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.MISSING)
    assert "nothing to compare green with" in judged.sentence


def test_a_healthy_canary_passes() -> None:
    assert verdict([*good(60), *good(60, "blue")], CANARY).verdict is Verdict.PASS


def test_cpu_and_memory_alert_without_failing() -> None:
    judged = verdict([sample(tick, cpu=91.0, memory_share=85.0) for tick in range(1, 61)])

    assert judged.verdict is Verdict.PASS
    assert judged.alerts == (
        "CPU of green is at 91 % (alert above 70 % for 60 s)",
        "memory of green is at 85 % (alert above 80 % for 60 s)",
    )


def test_latency_that_nobody_measured_is_said() -> None:
    judged = verdict([sample(tick, buckets=None) for tick in range(1, 61)])

    assert judged.alerts == ("latency of green is not measured: only errors and health were judged",)


def test_a_clock_that_jumps_back_is_still_watching() -> None:
    judged = verdict([*good(60), sample(1, at=OPENED - 5000)], now=OPENED - 5000)

    assert (judged.verdict, judged.trigger) == (Verdict.INCONCLUSIVE, Trigger.WATCHING)


def test_the_order_of_the_samples_does_not_matter() -> None:
    samples = [sample(tick, errors=2) for tick in range(1, 31)]

    assert verdict(samples[::-1]) == verdict(samples)


@some.composite
def anything(draw: some.DrawFn) -> Sample:
    return sample(
        draw(some.integers(-5, 70)),
        draw(some.sampled_from(("green", "blue"))),
        state=draw(some.sampled_from(SampleState)),
        requests=(requests := draw(some.integers(0, 10**6))),
        errors=draw(some.integers(0, requests)),
        buckets=draw(some.sampled_from((None, (), latency(80, requests), latency(10**6, requests)))),
        healthy=draw(some.sampled_from((None, True, False))),
        cpu=draw(some.sampled_from((None, float("nan"), 5.0))),
    )


@given(some.lists(anything(), max_size=40), some.floats(-1e9, 1e9))
def test_no_samples_and_no_clock_make_it_fall_over(samples: list[Sample], offset: float) -> None:
    judged = verdict(samples, CANARY, now=OPENED + offset)

    assert judged.verdict is not Verdict.PASS and judged.sentence


def test_quantiles_are_interpolated_within_their_bucket() -> None:
    assert quantile(latency(80, 100), 0.5) == pytest.approx(72.5)
    assert quantile(latency(10**9, 5), 0.99) == LATENCY_EDGES_MS[-1]
    assert quantile((), 0.99) is None
