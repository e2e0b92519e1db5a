"""Approvals: what is an answer, and whose it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.approvals import Panel, answer_in, check_allowed, check_open, is_attempt
from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Person
from orchestrate.models.question import Question
from tests.stories.places import ADA, MIRA, ROB

NOW = 1_800_000_000.0
QUESTION = Question(
    id="QABCDE", deployment="D", gate_kind="approval", plan_hash="p", opened_at=NOW, expires=NOW + 60
)


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


PANEL = Panel(place="production", approvers=("ada", "mira"), barred={"mira": "wrote change 1"})


def test_an_approver_may_approve() -> None:
    assert check_allowed(ADA, DecisionKind.APPROVED, PANEL) == ADA


@pytest.mark.parametrize("person", [None, ROB, MIRA])
def test_nobody_else_may_approve(person: Person | None) -> None:
    with pytest.raises(NotAllowed):
        check_allowed(person, DecisionKind.APPROVED, PANEL)


@pytest.mark.parametrize("person", [ROB, MIRA])
def test_whoever_is_known_may_hold(person: Person) -> None:
    assert check_allowed(person, DecisionKind.HOLD, PANEL) == person


def test_a_stranger_may_not_even_hold() -> None:
    with pytest.raises(NotAllowed) as refused:
        check_allowed(None, DecisionKind.HOLD, PANEL)

    assert refused.value.cure == "add it in orchestrate.yaml"


@pytest.mark.parametrize("news", [{"closed": "superseded"}, {"consumed_at": NOW}, {"expires": NOW}])
def test_what_is_not_open_takes_no_answer(news: dict[str, object]) -> None:
    with pytest.raises(AlreadyDecided):
        check_open(QUESTION.model_copy(update=news), NOW)
