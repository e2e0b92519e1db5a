"""What several processes answer to one question in the same instant."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.errors import AlreadyDecided, EffectRefused
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.question import Question
from orchestrate.store import Store
from tests.orchestrate.store.facts import said
from tests.orchestrate.store.races import together

PERSONS = ("ada", "rob", "mira", "eve")
HOLDS = 3
"""The process that says Hold; the others approve."""
THREAD = "T-1"


def answering(store: Store, number: int) -> list[bool]:
    """Three approve and one holds; which of its answers were taken."""
    kind = DecisionKind.HOLD if number == HOLDS else DecisionKind.APPROVED
    return [_decides(store, one, kind, PERSONS[number]) for one in _at_once(store)]


def approving(store: Store, number: int) -> list[bool]:
    """Everybody approves."""
    return [_decides(store, one, DecisionKind.APPROVED, PERSONS[number]) for one in _at_once(store)]


def repeating(store: Store, _: int) -> list[bool]:
    """One person approves everywhere at once."""
    return [_decides(store, one, DecisionKind.APPROVED, "ada") for one in _at_once(store)]


def using(store: Store, number: int) -> list[bool]:
    """One uses what was approved while the other says Hold."""
    asked = _at_once(store)
    return [_uses(store, one) if number else _decides(store, one, DecisionKind.HOLD, "rob") for one in asked]


def _at_once(store: Store) -> Iterator[Question]:
    """The questions, each as soon as all processes have come to it."""
    for question in store.questions.on_thread(THREAD):
        together()
        yield question


def _decides(store: Store, question: Question, kind: DecisionKind, by: str) -> bool:
    try:
        return store.questions.decide(question.id, said(question, kind, by))
    except AlreadyDecided:
        return False


def _uses(store: Store, question: Question) -> bool:
    lease = store.leases.take(question.deployment, "worker", 60)
    assert lease is not None
    try:
        return store.questions.consume(question.id, lease).consumed_at is not None
    except EffectRefused:
        return False
