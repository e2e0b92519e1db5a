"""A deployment is due when something can move it, and no wake-up is lost."""

from __future__ import annotations

from orchestrate.models.deployment import (
    ForApproval,
    ForChecks,
    ForTime,
    ForTurn,
    Lease,
    Stage,
    Status,
    Wait,
)
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.store import Store
from tests.orchestrate.store.facts import (
    LATER,
    Clock,
    accepted,
    asked,
    driven,
    said,
    watched,
)


def waiting(store: Store, wait: Wait, wake_at: float | None = None) -> Lease:
    lease = driven(store)
    store.deployments.waits(lease, wait, wake_at)
    store.leases.release(lease)
    return lease


def due(store: Store) -> tuple[str, ...]:
    return store.deployments.due(store.clock())


FOR_CHECKS = ForChecks(change="1", until=LATER)


def test_an_accepted_deployment_is_due_until_it_is_driven(any_store: Store) -> None:
    new = accepted(any_store)

    assert due(any_store) == (new.id,)
    assert any_store.leases.take(new.id, "worker", 60) is not None
    assert due(any_store) == ()


def test_a_deployment_left_behind_is_due_when_its_lease_ran_out(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    timed_store.deployments.entered(lease, Stage.PICK_UP)
    clock.now = 1059
    assert due(timed_store) == ()

    clock.now = 1060

    assert due(timed_store) == (lease.deployment,)


def test_a_waiting_deployment_is_due_at_its_time(timed_store: Store, clock: Clock) -> None:
    lease = waiting(timed_store, FOR_CHECKS, wake_at=1100.0)

    assert timed_store.deployments.next_wake() == 1100.0
    clock.now = 1099
    assert due(timed_store) == ()
    clock.now = 1100
    assert due(timed_store) == (lease.deployment,)


def test_a_worker_that_dies_after_it_wrote_a_wait_does_not_wake_it_early(
    timed_store: Store, clock: Clock
) -> None:
    lease = driven(timed_store)
    timed_store.deployments.waits(lease, FOR_CHECKS, 5000.0)

    clock.now = 2000

    assert due(timed_store) == ()


def test_a_deployment_that_waits_for_a_person_is_never_due_by_itself(any_store: Store) -> None:
    waiting(any_store, FOR_CHECKS)

    assert any_store.deployments.due(LATER) == ()
    assert any_store.deployments.next_wake() is None


def test_waking_makes_it_due_at_once(any_store: Store) -> None:
    lease = waiting(any_store, FOR_CHECKS)

    any_store.deployments.wake(lease.deployment)

    assert due(any_store) == (lease.deployment,)


def test_waking_under_a_lease_counts_when_the_lease_is_given_back(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.waits(lease, FOR_CHECKS, None)

    any_store.deployments.wake(lease.deployment)
    assert due(any_store) == ()
    any_store.leases.release(lease)

    assert due(any_store) == (lease.deployment,)


def test_waking_what_does_not_wait_changes_nothing(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.entered(lease, Stage.PLAN)

    any_store.deployments.wake(lease.deployment)

    assert any_store.deployments.deployment(lease.deployment).status is Status.RUNNING
    assert due(any_store) == ()


def test_a_decision_before_the_wait_was_written_is_not_slept_over(any_store: Store) -> None:
    lease = driven(any_store)
    question = asked(any_store, lease.deployment)
    any_store.questions.decide(question.id, said(question))

    any_store.deployments.waits(lease, ForApproval(gate=question.id, until=LATER), LATER)
    any_store.leases.release(lease)

    assert due(any_store) == (lease.deployment,)


def test_a_turn_that_came_before_the_wait_was_written_is_not_slept_over(any_store: Store) -> None:
    wait = ForTurn(environment="production", service="shop")

    free = waiting(any_store, wait)
    any_store.locks.take("production", "shop", "another")
    busy = waiting(any_store, wait)

    assert due(any_store) == (free.deployment,)
    assert any_store.deployments.deployment(busy.deployment).waits_for == wait


def test_a_verdict_before_the_wait_was_written_is_not_slept_over(any_store: Store) -> None:
    lease = driven(any_store)
    watch = watched(any_store, lease.deployment)
    bad = Judgement(verdict=Verdict.FAIL, trigger="error_rate", sentence="too many errors")
    any_store.watches.judge(watch.id, bad)

    any_store.deployments.waits(lease, ForTime(until=LATER, watch=watch.id), LATER)
    any_store.leases.release(lease)

    assert due(any_store) == (lease.deployment,)
