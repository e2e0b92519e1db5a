"""A deployment is driven by one worker at a time, and a stale lease can change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.errors import LeaseLost
from orchestrate.models.deployment import ForTurn, Lease, Outcome, Stage
from orchestrate.store import Store
from tests.orchestrate.store.facts import Clock, accepted, asked, driven, plan, said

TAKING: dict[str, Callable[[Store, Lease], object]] = {
    "entered": lambda store, lease: store.deployments.entered(lease, Stage.PLAN),
    "waits": lambda store, lease: store.deployments.waits(lease, ForTurn(environment="production"), None),
    "planned": lambda store, lease: store.deployments.planned(lease, plan(lease.deployment)),
    "finish": lambda store, lease: store.deployments.finish(lease, Outcome.DEPLOYED, "fine"),
    "renew": lambda store, lease: store.leases.renew(lease, 60),
    "consume": lambda store, lease: store.questions.consume(_approved(store, lease.deployment), lease),
    "intend": lambda store, lease: store.effects.intend(lease, "key", "merge", "{}"),
    "done": lambda store, lease: store.effects.done(lease, "before", "{}"),
    "unknown": lambda store, lease: store.effects.unknown(lease, "before", "why"),
    "failed": lambda store, lease: store.effects.failed(lease, "before", "why"),
}


def _approved(store: Store, deployment: str) -> str:
    question = asked(store, deployment)
    store.questions.decide(question.id, said(question))
    return question.id


def taken_over(store: Store) -> Lease:
    """A lease that another worker's has replaced."""
    lease = driven(store)
    store.effects.intend(lease, "before", "merge", "{}")
    store.leases.release(lease)
    assert store.leases.take(lease.deployment, "another", 60) is not None
    return lease


@pytest.mark.parametrize("method", TAKING)
def test_a_stale_lease_is_refused(any_store: Store, method: str) -> None:
    stale = taken_over(any_store)
    before = any_store.deployments.deployment(stale.deployment), any_store.effects.of(stale.deployment)

    with pytest.raises(LeaseLost):
        TAKING[method](any_store, stale)

    assert before == (
        any_store.deployments.deployment(stale.deployment),
        any_store.effects.of(stale.deployment),
    )


@pytest.mark.parametrize("method", TAKING)
def test_a_lease_that_ran_out_is_refused(timed_store: Store, clock: Clock, method: str) -> None:
    lease = driven(timed_store)
    timed_store.effects.intend(lease, "before", "merge", "{}")
    clock.now += 60

    with pytest.raises(LeaseLost):
        TAKING[method](timed_store, lease)


@pytest.mark.parametrize("method", TAKING)
def test_the_current_lease_is_accepted(any_store: Store, method: str) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, "before", "merge", "{}")

    TAKING[method](any_store, lease)


def test_every_method_that_takes_a_lease_is_tested(store: Store) -> None:
    parts = (store.deployments, store.leases, store.questions, store.effects, store.locks, store.watches)
    taking = {
        name
        for part in parts
        for name in dir(part)
        if not name.startswith("_") and "lease" in getattr(getattr(part, name), "__annotations__", {})
    }

    assert taking - {"release", "is_current"} == set(TAKING)


def test_only_one_worker_gets_the_lease(any_store: Store) -> None:
    lease = driven(any_store)

    assert any_store.leases.take(lease.deployment, "another", 60) is None
    assert any_store.leases.is_current(lease)


def test_nothing_gives_a_lease_on_what_is_finished_or_unknown(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine")
    any_store.leases.release(lease)

    assert any_store.leases.take(lease.deployment, "worker", 60) is None
    assert any_store.leases.take("nothing", "worker", 60) is None


def test_tokens_only_grow(any_store: Store) -> None:
    new = accepted(any_store)
    tokens: list[int] = []

    for worker in ("one", "two", "one"):
        lease = any_store.leases.take(new.id, worker, 60)
        assert lease is not None
        tokens.append(lease.token)
        any_store.leases.release(lease)

    assert tokens == [1, 2, 3]


def test_a_lease_that_ran_out_is_free_for_the_next(timed_store: Store, clock: Clock) -> None:
    first = driven(timed_store)
    clock.now += 59
    assert timed_store.leases.take(first.deployment, "another", 60) is None

    clock.now += 1

    second = timed_store.leases.take(first.deployment, "another", 60)
    assert second is not None and second.token == first.token + 1
    assert not timed_store.leases.is_current(first)


def test_renewing_keeps_the_token_and_moves_the_end(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    clock.now += 30

    renewed = timed_store.leases.renew(lease, 60)

    assert (renewed.token, renewed.until) == (lease.token, clock.now + 60)
    clock.now += 59
    assert timed_store.leases.is_current(renewed)


def test_giving_back_a_lost_lease_does_not_end_the_next(any_store: Store) -> None:
    stale = taken_over(any_store)

    any_store.leases.release(stale)

    assert any_store.leases.take(stale.deployment, "third", 60) is None
