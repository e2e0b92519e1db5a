"""The outbox: letters in their order, told by one worker at a time, and by nobody whose time is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.errors import LeaseLost
from orchestrate.models.deployment import Lease, Outcome, Stage
from orchestrate.models.letter import LetterEnd, Unsent
from orchestrate.store import Store
from tests.orchestrate.store.facts import Clock, driven


def kept(  # noqa: PLR0913  what a letter is kept with
    store: Store, lease: Lease, key: str, why: str = "", rest: float = 0.0, asked: float = 0.0
) -> None:
    letter = Unsent(kind="said", key=key, body="{}")
    store.outbox.keep(lease, Stage.PICK_UP, None, letter, why, rest, asked)


def telling(store: Store, thread: str) -> Lease:
    lease = store.outbox.take(thread, "teller", 60)
    assert lease is not None
    return lease


def test_a_thread_is_told_in_the_order_in_which_it_was_owed(any_store: Store) -> None:
    first = driven(any_store, task="T-1")
    kept(any_store, first, "one")
    any_store.deployments.finish(first, Outcome.DEPLOYED, "fine")
    kept(any_store, driven(any_store, task="T-1"), "two")

    assert [one.key for one in any_store.outbox.of("T-1")] == ["one", "two"]
    assert any_store.outbox.due() == ["T-1"]


def test_the_same_occasion_is_kept_once_also_after_it_was_told(any_store: Store) -> None:
    lease = driven(any_store, task="T-1")
    kept(any_store, lease, "one", "no route")
    kept(any_store, lease, "one", "no route")
    (letter,) = any_store.outbox.of("T-1")
    any_store.outbox.ended(telling(any_store, "T-1"), letter, LetterEnd.TOLD)

    kept(any_store, lease, "one", "no route")

    assert not any_store.outbox.owed()
    assert [one.kind for one in any_store.events.of(lease.deployment)] == ["kept", "told_late"]


def test_whatever_is_owed_on_a_thread_is_owed_to_all_of_its_deployments(any_store: Store) -> None:
    first = driven(any_store, task="T-1")
    kept(any_store, first, "one")
    any_store.deployments.finish(first, Outcome.DEPLOYED, "fine")
    second, other = driven(any_store, task="T-1"), driven(any_store, "staging")

    assert any_store.outbox.is_owed(second.deployment)
    assert not any_store.outbox.is_owed(other.deployment)
    assert any_store.outbox.owing() == {"T-1"}


def test_a_thread_is_told_by_one_worker_and_rests_as_long_as_it_is_said(
    timed_store: Store, clock: Clock
) -> None:
    lease = driven(timed_store, task="T-1")
    kept(timed_store, lease, "one", "no route", rest=5)
    assert timed_store.outbox.take("T-1", "early", 60) is None
    clock.now += 5
    mine = telling(timed_store, "T-1")
    assert timed_store.outbox.take("T-1", "another", 60) is None

    timed_store.outbox.release(mine, 30)

    assert timed_store.outbox.due() == []
    clock.now += 30
    assert timed_store.outbox.due() == ["T-1"]


def test_what_rests_is_due_at_once_when_there_is_reason_to_hurry(timed_store: Store) -> None:
    kept(timed_store, driven(timed_store, task="T-1"), "one", "no route", rest=3600)

    timed_store.outbox.hurry()

    assert timed_store.outbox.due() == ["T-1"]


def test_whoever_asked_us_to_rest_is_left_alone(timed_store: Store, clock: Clock) -> None:
    kept(timed_store, driven(timed_store, task="T-1"), "one", "429", rest=60, asked=60)
    timed_store.outbox.hurry()
    assert timed_store.outbox.due() == []
    clock.now += 60
    timed_store.outbox.release(telling(timed_store, "T-1"), 600, 60)
    timed_store.outbox.hurry()
    assert timed_store.outbox.due() == []

    clock.now += 60
    timed_store.outbox.hurry()

    assert timed_store.outbox.due() == ["T-1"]


def test_a_letter_that_comes_while_others_are_told_is_not_forgotten(any_store: Store) -> None:
    lease = driven(any_store, task="T-1")
    kept(any_store, lease, "one")
    mine = telling(any_store, "T-1")
    any_store.outbox.ended(mine, any_store.outbox.of("T-1")[0], LetterEnd.TOLD)
    kept(any_store, lease, "two")
    any_store.outbox.release(mine, 0)
    assert any_store.outbox.due() == ["T-1"]

    mine = telling(any_store, "T-1")
    any_store.outbox.ended(mine, any_store.outbox.of("T-1")[0], LetterEnd.TOLD)
    any_store.outbox.release(mine, 0)
    assert any_store.outbox.due() == []
    kept(any_store, lease, "three")

    assert any_store.outbox.due() == ["T-1"]


TELLING: dict[str, Callable[[Store, Lease], object]] = {
    "renew": lambda store, lease: store.outbox.renew(lease, 60),
    "failed": lambda store, lease: store.outbox.failed(lease, store.outbox.owed()[0], "no"),
    "ended": lambda store, lease: store.outbox.ended(lease, store.outbox.owed()[0], LetterEnd.TOLD),
    "intend": lambda store, lease: store.effects.intend(lease, "key", "comment", "{}"),
    "done": lambda store, lease: store.effects.done(lease, "before", "{}"),
}


@pytest.mark.parametrize("method", TELLING)
def test_whose_time_is_over_tells_nothing(timed_store: Store, clock: Clock, method: str) -> None:
    lease = driven(timed_store, task="T-1")
    timed_store.effects.intend(lease, "before", "comment", "{}")
    kept(timed_store, lease, "one")
    mine = telling(timed_store, "T-1").model_copy(update={"deployment": lease.deployment})
    TELLING["intend"](timed_store, mine)
    assert timed_store.leases.is_current(mine)
    clock.now += 61

    assert not timed_store.leases.is_current(mine)
    with pytest.raises(LeaseLost):
        TELLING[method](timed_store, mine)


@pytest.mark.parametrize("method", TELLING)
def test_who_was_replaced_tells_nothing(timed_store: Store, clock: Clock, method: str) -> None:
    lease = driven(timed_store, task="T-1")
    timed_store.effects.intend(lease, "before", "comment", "{}")
    kept(timed_store, lease, "one")
    mine = telling(timed_store, "T-1").model_copy(update={"deployment": lease.deployment})
    clock.now += 61
    telling(timed_store, "T-1")

    with pytest.raises(LeaseLost):
        TELLING[method](timed_store, mine)


def test_nothing_is_kept_under_a_lease_that_was_lost(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    clock.now += 61

    with pytest.raises(LeaseLost):
        kept(timed_store, lease, "one")


def test_a_letter_ends_once(any_store: Store) -> None:
    kept(any_store, driven(any_store, task="T-1"), "one")
    mine, (letter,) = telling(any_store, "T-1"), any_store.outbox.owed()
    any_store.outbox.ended(mine, letter, LetterEnd.TOLD)

    with pytest.raises(LeaseLost):
        any_store.outbox.ended(mine, letter, LetterEnd.GIVEN_UP)
