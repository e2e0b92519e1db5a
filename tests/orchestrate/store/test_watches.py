"""Watches keep samples and verdicts, and a deployment forgets the details when it is over."""

from __future__ import annotations

import pytest

from orchestrate.errors import UnknownWatch
from orchestrate.models.deployment import ForTime, Lease
from orchestrate.models.sample import Counters, Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import WARM_UP_STEP
from orchestrate.store import Store
from orchestrate.store.pruning import summed
from tests.orchestrate.store.facts import LATER, Clock, driven, watched


def judged(verdict: Verdict) -> Judgement:
    return Judgement(verdict=verdict, trigger="error_rate", sentence="because", numbers={"share": 0.5})


def waiting(store: Store, until: float) -> Lease:
    lease = driven(store)
    watch = watched(store, lease.deployment, until=until)
    store.deployments.waits(lease, ForTime(until=LATER, watch=watch.id), LATER)
    store.leases.release(lease)
    return lease


def sample(at: float, slot: str = "green", errors: int = 0) -> Sample:
    buckets = (1, 2, 3)
    return Sample(
        at=at, component="web", slot=slot, requests=10, errors=errors, buckets=buckets, healthy=True
    )


def test_a_new_alert_wakes_whoever_waits_and_a_known_one_does_not(any_store: Store) -> None:
    lease = waiting(any_store, until=LATER)
    (watch,) = any_store.watches.of(lease.deployment)
    alerted = judged(Verdict.INCONCLUSIVE).model_copy(update={"named_alerts": {"cpu": "it is at 91 %"}})

    any_store.watches.judge(watch.id, judged(Verdict.INCONCLUSIVE))
    before = any_store.deployments.deployment(lease.deployment).wake_at
    any_store.watches.judge(watch.id, alerted)

    assert before == LATER
    assert any_store.deployments.deployment(lease.deployment).wake_at == 0.0


def test_opening_again_gives_the_watch_as_it_stands(any_store: Store) -> None:
    first = watched(any_store, "one")
    extended = any_store.watches.extend(first.id, LATER + 5)

    assert watched(any_store, "one") == extended
    assert (extended.until, extended.extended) == (LATER + 5, True)
    assert any_store.watches.of("one") == (extended,)


def test_a_watch_is_active_when_its_sample_is_due_until_it_is_closed(any_store: Store) -> None:
    watch = watched(any_store, "one")

    assert any_store.watches.active(99.0) == ()
    assert any_store.watches.active(100.0) == (watch,)
    any_store.watches.close(watch.id)
    assert any_store.watches.active(100.0) == ()


def test_a_sample_is_taken_by_one_worker(any_store: Store) -> None:
    watch = watched(any_store, "one")

    assert any_store.watches.claim(watch.id, 100.0, 110.0)
    assert not any_store.watches.claim(watch.id, 100.0, 110.0)
    assert any_store.watches.watch(watch.id).next_at == 110.0


def test_samples_are_kept_with_the_counters_they_were_measured_from(any_store: Store) -> None:
    watch = watched(any_store, "one")
    taken = (sample(10.0), sample(20.0, errors=3))
    totals = {"green": Counters(requests=20, errors=3, parts={"a": Counters(requests=20, errors=3)})}

    any_store.watches.sampled(watch.id, taken, totals)
    any_store.watches.sampled(watch.id, (), totals)

    assert any_store.watches.samples(watch.id) == taken
    assert any_store.watches.samples(watch.id, since=15) == taken[1:]
    assert any_store.watches.watch(watch.id).totals == totals


def test_a_step_that_needs_no_more_time_wakes_the_deployment(any_store: Store) -> None:
    lease = waiting(any_store, until=LATER)

    any_store.watches.judge(f"{lease.deployment}:0", judged(Verdict.PASS))

    assert any_store.deployments.due(any_store.clock()) == (lease.deployment,)


def test_a_failure_wakes_the_deployment_and_stays(any_store: Store) -> None:
    lease = waiting(any_store, until=LATER)
    watch = f"{lease.deployment}:0"

    any_store.watches.judge(watch, judged(Verdict.INCONCLUSIVE))
    assert any_store.deployments.due(any_store.clock()) == ()
    any_store.watches.judge(watch, judged(Verdict.FAIL))
    any_store.watches.judge(watch, judged(Verdict.PASS))

    assert any_store.watches.watch(watch).judgement == judged(Verdict.FAIL)
    assert any_store.deployments.due(any_store.clock()) == (lease.deployment,)


def test_samples_and_their_verdict_are_kept_at_once(any_store: Store) -> None:
    lease = waiting(any_store, until=LATER)
    watch = f"{lease.deployment}:0"

    any_store.watches.sampled(watch, (sample(10.0),), {}, judged(Verdict.FAIL))

    assert any_store.watches.watch(watch).judgement == judged(Verdict.FAIL)
    assert any_store.watches.samples(watch) == (sample(10.0),)
    assert any_store.deployments.due(any_store.clock()) == (lease.deployment,)


def test_a_closed_watch_keeps_what_was_decided_on_whatever_comes_too_late(any_store: Store) -> None:
    lease = waiting(any_store, until=LATER)
    watch = f"{lease.deployment}:0"
    any_store.watches.sampled(watch, (sample(10.0),), {}, judged(Verdict.INCONCLUSIVE))

    any_store.watches.close(watch, judged(Verdict.PASS))
    any_store.watches.sampled(watch, (sample(20.0),), {}, judged(Verdict.INCONCLUSIVE))
    any_store.watches.judge(watch, judged(Verdict.FAIL))

    assert any_store.watches.watch(watch).judgement == judged(Verdict.PASS)
    assert any_store.watches.samples(watch) == (sample(10.0),)


def test_at_the_end_any_verdict_wakes_the_deployment(timed_store: Store, clock: Clock) -> None:
    lease = waiting(timed_store, until=2000.0)
    clock.now = 2000.0

    timed_store.watches.judge(f"{lease.deployment}:0", judged(Verdict.INCONCLUSIVE))

    assert timed_store.deployments.due(clock.now) == (lease.deployment,)


def test_an_unknown_watch_is_named_as_such(any_store: Store) -> None:
    for ask in (
        lambda: any_store.watches.watch("x"),
        lambda: any_store.watches.extend("x", 1.0),
        lambda: any_store.watches.judge("x", judged(Verdict.PASS)),
        lambda: any_store.watches.sampled("x", (), {}, judged(Verdict.PASS)),
    ):
        with pytest.raises(UnknownWatch):
            ask()


def test_a_finished_deployment_keeps_a_summary(any_store: Store) -> None:
    watch = watched(any_store, "one")
    taken = [sample(float(at), slot, errors=1) for at in range(360) for slot in ("blue", "green")]
    any_store.watches.sampled(watch.id, taken, {})
    for _ in range(40):
        any_store.logs.add("one", "build", "a line of output\n" * 100)

    any_store.prune("one")
    any_store.prune("one")

    kept = any_store.watches.samples(watch.id)
    beginning = [one for one in kept if one.at <= 320]
    assert len(kept) - len(beginning) == 4
    assert len(beginning) == 2 * 320 / WARM_UP_STEP + 2  # in steps of the clock, the last one cut short
    assert sum(one.requests for one in kept) == sum(one.requests for one in taken)
    log = any_store.logs.read("one")
    assert sum(len(line.text) for line in log) < 9_000
    assert any("bytes are left out" in line.text for line in log)


def test_a_summary_hides_no_trouble() -> None:
    down = sample(2.0).model_copy(
        update={"state": SampleState.SOURCE_DOWN, "healthy": False, "buckets": None}
    )

    (kept,) = summed([sample(1.0), down, sample(3.0)], most=1)

    assert (kept.state, kept.healthy, kept.buckets) == (SampleState.SOURCE_DOWN, False, (2, 4, 6))
    assert (kept.at, kept.requests) == (3.0, 30)
