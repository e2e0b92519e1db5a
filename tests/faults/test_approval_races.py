"""Answers that come in the same instant: the rule decides and not the order, once, and nothing is lost."""

from __future__ import annotations

import pytest

from orchestrate.models.deployment import DecisionKind
from orchestrate.models.question import Question
from orchestrate.store import Store
from tests.faults.approving import PERSONS, THREAD, answering, approving, repeating, using
from tests.orchestrate.store.facts import LATER, accepted, said
from tests.orchestrate.store.races import race

ROUNDS = 12


def ask(store: Store, needed: int) -> None:
    """So many questions on one thread, each of a deployment of its own."""
    for _ in range(ROUNDS):
        deployment = accepted(store).id
        store.questions.open(
            deployment, "approval", "a" * 64, "b" * 40, "d" * 40, THREAD, LATER, None, needed
        )


def taken(answers: list[list[bool]]) -> list[tuple[bool, ...]]:
    """For each question, whose answers were taken."""
    return list(zip(*answers, strict=True))


def asked(store: Store) -> tuple[Question, ...]:
    return store.questions.on_thread(THREAD)


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_one_hold_beats_three_approvals_whoever_was_first(
    any_store: Store, any_store_url: str, needed: int
) -> None:
    ask(any_store, needed)

    answers = taken(race(answering, any_store_url, 4))

    for question, (*approved, held) in zip(asked(any_store), answers, strict=True):
        assert held
        assert question.decision is not None and question.decision.kind is DecisionKind.HOLD
        given = [person for person, was in zip(PERSONS, approved, strict=False) if was]
        assert sorted(one.by for one in question.approvals) == sorted(given)
        assert len(given) <= needed


@pytest.mark.parametrize("needed", [1, 2, 4])
def test_no_approval_is_lost_and_none_is_counted_beyond_what_is_needed(
    any_store: Store, any_store_url: str, needed: int
) -> None:
    ask(any_store, needed)

    answers = taken(race(approving, any_store_url, 4))

    for question, approved in zip(asked(any_store), answers, strict=True):
        given = {person for person, was in zip(PERSONS, approved, strict=True) if was}
        assert len(given) == needed
        assert {*question.approved_by} == given
        assert question.decision is not None and question.decision.kind is DecisionKind.APPROVED


def test_one_person_in_several_places_is_one(any_store: Store, any_store_url: str) -> None:
    ask(any_store, 2)

    answers = taken(race(repeating, any_store_url, 4))

    assert [sum(one) for one in answers] == [1] * ROUNDS
    assert all(one.is_open and one.approved_by == ("ada",) for one in asked(any_store))


def test_an_approval_is_used_or_withdrawn_and_never_both(any_store: Store, any_store_url: str) -> None:
    ask(any_store, 1)
    for question in asked(any_store):
        any_store.questions.decide(question.id, said(question))

    answers = taken(race(using, any_store_url, 2))

    for question, (was_held, was_used) in zip(asked(any_store), answers, strict=True):
        assert was_held != was_used
        assert (question.consumed_at is not None) == was_used
        assert question.decision is not None
        assert (question.decision.kind is DecisionKind.HOLD) == was_held
