"""Approvals: what is an answer, whose it may be, and which of several stands."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.approvals import (
    Word,
    answer_in,
    author_of,
    check_allowed,
    check_open,
    is_attempt,
    standing,
    words,
)
from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.models.change import Change
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from tests.stories.places import ADA, MIRA, PEOPLE, ROB, quick

NOW = 1_800_000_000.0
QUESTION = Question(
    id="QABCDE", deployment="D", gate_kind="approval", plan_hash="p", opened_at=NOW, expires=NOW + 60
)
CHANGE = Change(
    id="1",
    title="Faster",
    author="mira",
    branch="faster",
    base="main",
    head="a" * 40,
    opened_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def said(text: str, *, at: float = NOW + 1, author: str = "ada", edited: bool = False) -> Comment:
    moment = datetime.fromtimestamp(at, UTC)
    return Comment(id=f"{author}{at}", task="T-1", author=author, text=text, at=moment, edited=edited)


@pytest.mark.parametrize(
    ("text", "kind", "question"),
    [
        ("Approved", DecisionKind.APPROVED, None),
        ("approve", DecisionKind.APPROVED, None),
        ("APPROVED!", DecisionKind.APPROVED, None),
        ("  Approved.\r\n", DecisionKind.APPROVED, None),
        ("Approved QABCDE", DecisionKind.APPROVED, "QABCDE"),
        ("approved qabcde.", DecisionKind.APPROVED, "QABCDE"),
        ("Hold", DecisionKind.HOLD, None),
        ("hold QABCDE", DecisionKind.HOLD, "QABCDE"),
        ("Roll back", DecisionKind.ROLL_BACK, None),
        ("rollback QABCDE", DecisionKind.ROLL_BACK, "QABCDE"),
    ],
)
def test_an_answer_is_the_whole_comment(text: str, kind: DecisionKind, question: str | None) -> None:
    assert answer_in(text) == (kind, question)


NO_ANSWERS = [
    "> Approved",
    "`Approved`",
    "```\nApproved\n```",
    "*Approved*",
    "Approved\n\nby me",
    "Approved, if the tests pass",
    "not Approved",
    "Approved?",
    "Approved!!",
    "Approved  QABCDE",
    "Approved QABCDE QFGHIJ",
    "Approved Q",
    "Аpproved",  # a Cyrillic letter
    "Ａpproved",  # a full-width letter
    "Approved\u200b",
    "\u202edevorppA",
    "Approved\x00",
    "approvedd",
    "Holds",
    "On hold",
    "roll-back",
    "LGTM",
    "+1",
    "yes",
    "",
    "<b>Approved</b>",
    "[Approved](http://example.com)",
    "- Approved",
    "Approved\tQABCDE",
    "“Approved”",
]


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_anything_else_is_no_answer(text: str) -> None:
    assert answer_in(text) is None


@given(st.text(max_size=40))
def test_only_ascii_is_ever_an_answer(text: str) -> None:
    assert answer_in(text) is None or text.isascii()


@pytest.mark.parametrize(
    "text", ["> Approved", "`hold`", "Approved, but…", "Аpproved", "approve!!", "on hold"]
)
def test_what_wanted_to_be_an_answer_is_recognised(text: str) -> None:
    assert is_attempt(text)


@pytest.mark.parametrize(
    "text", ["LGTM", "", "Nice", "This was approved last week by the whole team, I think"]
)
def test_talk_is_not_taken_for_an_answer(text: str) -> None:
    assert not is_attempt(text)


def environment(**words: object) -> Environment:
    return quick(Path("/nowhere"), **words)


def test_an_approver_may_approve() -> None:
    assert check_allowed(ADA, DecisionKind.APPROVED, environment(), CHANGE, PEOPLE) == ADA


@pytest.mark.parametrize("person", [None, ROB])
def test_nobody_else_may_approve(person: Person | None) -> None:
    with pytest.raises(NotAllowed):
        check_allowed(person, DecisionKind.APPROVED, environment(), CHANGE, PEOPLE)


def test_whoever_is_known_may_hold() -> None:
    assert check_allowed(ROB, DecisionKind.HOLD, environment(), CHANGE, PEOPLE) == ROB


def test_a_stranger_may_not_even_hold() -> None:
    with pytest.raises(NotAllowed):
        check_allowed(None, DecisionKind.HOLD, environment(), CHANGE, PEOPLE)


def test_the_author_may_not_approve_by_whatever_channel() -> None:
    ours = environment(approvers=("ada", "mira"))

    with pytest.raises(NotAllowed, match="wrote change"):
        check_allowed(MIRA, DecisionKind.APPROVED, ours, CHANGE, PEOPLE)


def test_the_author_may_approve_where_that_is_allowed() -> None:
    ours = environment(approvers=("mira",), authors_may_approve=True)

    assert check_allowed(MIRA, DecisionKind.APPROVED, ours, CHANGE, PEOPLE) == MIRA


def test_the_author_is_found_by_the_forges_identity() -> None:
    anna = Person(name="anna", identities={Channel.FORGE: "mira"})

    assert author_of(CHANGE, (anna,)) == anna


@pytest.mark.parametrize("news", [{"closed": "superseded"}, {"consumed_at": NOW}, {"expires": NOW}])
def test_what_is_not_open_takes_no_answer(news: dict[str, object]) -> None:
    with pytest.raises(AlreadyDecided):
        check_open(QUESTION.model_copy(update=news), NOW)


def heard(*comments: Comment, open_here: tuple[str, ...] = (QUESTION.id,)) -> list[Word]:
    return words(comments, QUESTION, NOW - 100, open_here)


def test_an_answer_counts() -> None:
    (word,) = heard(said("Approved"))

    assert word.kind is DecisionKind.APPROVED


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        (said("Approved", edited=True), "edited"),
        (said("Approved", at=NOW - 1), "before question"),
        (said("Approved QOTHER"), "QOTHER is not open"),
        (said("> Approved"), "whole comment"),
    ],
)
def test_what_does_not_count_says_why(comment: Comment, why: str) -> None:
    (word,) = heard(comment)

    assert word.kind is None
    assert why in word.why


def test_with_two_questions_open_an_answer_must_name_one() -> None:
    both = (QUESTION.id, "QOTHER")

    (unnamed,) = heard(said("Approved"), open_here=both)
    (named,) = heard(said("Approved QABCDE"), open_here=both)

    assert unnamed.kind is None and "name one" in unnamed.why
    assert named.kind is DecisionKind.APPROVED
    assert heard(said("Approved QOTHER"), open_here=both) == []


def test_what_was_said_before_the_deployment_is_not_looked_at() -> None:
    assert heard(said("Approved", at=NOW - 200)) == []


A, H, R = (DecisionKind.APPROVED, DecisionKind.HOLD, DecisionKind.ROLL_BACK)


def test_hold_beats_approved_in_any_order() -> None:
    for order in permutations([("ada", A), ("rob", H), ("eve", R)]):
        answers = [
            (who, Word(said(kind, at=NOW + at, author=who), kind)) for at, (who, kind) in enumerate(order, 1)
        ]

        found = standing(answers)

        assert found is not None and found[0] == "rob"


def test_each_persons_newest_word_counts() -> None:
    answers = [("ada", Word(said(kind, at=NOW + at), kind)) for at, kind in enumerate([H, A], 1)]

    found = standing(answers)

    assert found is not None and found[1].kind is A


def test_nothing_said_is_no_answer() -> None:
    assert standing([]) is None
