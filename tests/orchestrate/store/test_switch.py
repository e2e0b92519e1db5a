"""The switch: one word stops all, another lets go on, and both are kept."""

from __future__ import annotations

import pytest

from orchestrate.errors import Refused
from orchestrate.models.deployment import ForEffects, Lease, Stage
from orchestrate.store import Store
from tests.orchestrate.store.facts import driven
from tests.orchestrate.store.races import holding, race


def held(store: Store, *, is_switched: bool = True) -> Lease:
    """A deployment whose effect was refused, and that nobody drives."""
    lease = driven(store)
    store.deployments.entered(lease, Stage.DEPLOY)
    store.deployments.waits(lease, ForEffects(why="stopped", is_switched=is_switched), None)
    store.leases.release(lease)
    return lease


def due(store: Store) -> tuple[str, ...]:
    return store.deployments.due(store.clock())


def test_effects_may_begin_until_somebody_stops_them(any_store: Store) -> None:
    assert any_store.switch.stopped() is None

    stop = any_store.switch.stop("ada", "odd numbers")

    assert any_store.switch.stopped() == stop
    assert (stop.by, stop.reason, stop.everything) == ("ada", "odd numbers", False)


def test_the_last_word_counts(any_store: Store) -> None:
    any_store.switch.stop("ada", "odd numbers")
    any_store.switch.stop("rob", "the undos are odd too", everything=True)

    stop = any_store.switch.stopped()

    assert stop is not None and (stop.by, stop.everything) == ("rob", True)


def test_what_was_refused_is_due_when_effects_may_begin_again(any_store: Store) -> None:
    any_store.switch.stop("ada", "odd numbers")
    lease = held(any_store)
    assert due(any_store) == ()

    any_store.switch.allow("rob", "all is well")

    assert any_store.switch.stopped() is None
    assert due(any_store) == (lease.deployment,)


def test_what_is_refused_while_somebody_allows_it_is_due_at_once(any_store: Store) -> None:
    lease = held(any_store)

    assert due(any_store) == (lease.deployment,)


def test_a_stop_of_less_wakes_what_may_begin_now(any_store: Store) -> None:
    any_store.switch.stop("ada", "odd numbers", everything=True)
    lease = held(any_store)

    any_store.switch.stop("ada", "undos may begin")

    assert due(any_store) == (lease.deployment,)


def test_nothing_that_is_not_stopped_can_be_allowed(any_store: Store) -> None:
    with pytest.raises(Refused, match="nothing is stopped"):
        any_store.switch.allow("ada", "all is well")


def test_both_words_are_in_the_audit(any_store: Store) -> None:
    any_store.switch.stop("ada", "odd numbers", everything=True)
    any_store.switch.allow("rob", "all is well")

    told = [(one.kind, one.by, one.facts["reason"]) for one in any_store.audit.entries()]

    assert told == [("stopped", "ada", "odd numbers"), ("allowed", "rob", "all is well")]


def test_an_audit_that_cannot_be_written_keeps_nobody_from_stopping(store: Store) -> None:
    store.switch.stop("ada", "odd numbers")
    anchor = store._database.anchor
    assert anchor is not None
    anchor.file.unlink()

    store.switch.stop("rob", "odd audit")

    stop = store.switch.stopped()
    assert stop is not None and stop.by == "rob"


def test_none_is_left_waiting_whoever_is_quicker(any_store: Store, any_store_url: str) -> None:
    any_store.switch.stop("ada", "odd numbers")
    parts = race(holding, any_store_url, 4)

    if any_store.switch.stopped() is not None:
        any_store.switch.allow("ada", "in the end")

    assert set(due(any_store)) == {one for part in parts for one in part}
