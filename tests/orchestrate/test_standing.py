"""Which of several answers stands, what is kept of it, and whether its comment is still the same."""

from __future__ import annotations

import pytest

from orchestrate.approvals import Word, lost, said_on_thread, standing
from orchestrate.models.deployment import DecisionKind
from tests.orchestrate.test_approval_cases import ASKED, OURS, STRANGER, A, Case, H, R, judged


def words(*said: tuple[str, str]) -> list[Word]:
    """What the accounts said, one second after the other."""
    cases = [Case(text, None, by=by, at=ASKED + n) for n, (by, text) in enumerate(said)]
    return [word for case in cases if (word := judged(case))]


STANDING = {
    "nobody": ((), ()),
    "one": ((("101", "Approved"),), (("ada", A),)),
    "the same again": ((("101", "Approved"), ("101", "Approved")), (("ada", A),)),
    "one person, two accounts": ((("101", "Approved"), ("102", "Approved")), (("ada", A),)),
    "two persons": ((("101", "Approved"), ("201", "Approved")), (("ada", A), ("rob", A))),
    "hold after approved": ((("101", "Approved"), ("101", "Hold")), (("ada", H),)),
    "approved after one's own hold": ((("101", "Hold"), ("101", "Approved")), (("ada", A),)),
    "hold by one's other account": ((("101", "Approved"), ("102", "Hold")), (("ada", H),)),
    "somebody's hold before": ((("401", "Hold"), ("101", "Approved")), (("eve", H),)),
    "somebody's hold after": ((("101", "Approved"), ("401", "Hold")), (("eve", H),)),
    "approved by who may only hold": ((("401", "Hold"), ("401", "Approved")), (("eve", H),)),
    "a hold beats a rollback": ((("101", "Roll back"), ("401", "Hold")), (("eve", H),)),
    "a rollback beats an approval": ((("101", "Roll back"), ("201", "Approved")), (("ada", R),)),
    "a stranger's hold is nothing": (((STRANGER, "Hold"), ("101", "Approved")), (("ada", A),)),
}


@pytest.mark.parametrize(("said", "stands"), STANDING.values(), ids=STANDING)
def test_of_several_answers_the_strictest_stands(
    said: tuple[tuple[str, str], ...], stands: tuple[tuple[str, DecisionKind], ...]
) -> None:
    assert tuple((one.by, one.kind) for one in standing(words(*said))) == stands


@pytest.mark.parametrize(
    ("news", "why"),
    [
        ({}, ""),
        ({"edited": True}, "ada's comment was edited"),
        ({"text": "Approved!"}, "ada's comment was edited"),
        ({"author": "201"}, "ada's comment was edited"),
        ({"id": "C2"}, "ada's comment was deleted"),
    ],
)
def test_an_approval_stands_as_long_as_its_comment_is_the_same(news: dict[str, object], why: str) -> None:
    (word,) = words(("101", "Approved"))
    given = said_on_thread(OURS, word, ASKED + 5)
    now = word.comment.model_copy(update=news)

    assert given is not None
    assert lost(given, {now.id: now}) == why


def test_a_decision_keeps_who_said_what_where_and_when() -> None:
    (word,) = words(("102", "Approved"))

    given = said_on_thread(OURS, word, ASKED + 5)

    assert given is not None
    assert (given.by, given.account, given.comment, given.text) == ("ada", "102", "C1", "Approved")
    assert (given.plan_hash, given.gate, given.said_at, given.at) == ("a" * 64, "QABCDE", ASKED, ASKED + 5)
    assert given.text_sha256 is not None and len(given.text_sha256) == 64
