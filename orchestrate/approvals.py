"""Approvals: what counts as an answer, from whom, and for which plan."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.models.change import Change
from orchestrate.models.deployment import Decision, DecisionKind
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment

_WORDS = {
    "approved": DecisionKind.APPROVED,
    "approve": DecisionKind.APPROVED,
    "hold": DecisionKind.HOLD,
    "roll back": DecisionKind.ROLL_BACK,
    "rollback": DecisionKind.ROLL_BACK,
}
_GRAMMAR = re.compile(r"(approved?|hold|roll ?back)(?: (Q[0-9A-Z]{3,12}))?[.!]?", re.IGNORECASE)


def answer_in(text: str) -> tuple[DecisionKind, str | None] | None:
    """The answer that `text` is, with the question it names; None when it is anything else.

    Exact: the whole comment is the answer, in ASCII. Quotes, code, and sentences around it do not count.
    """
    line = text.strip(" \t\r\n")
    match = _GRAMMAR.fullmatch(line) if line.isascii() else None
    if match is None:
        return None
    question = match.group(2)
    return _WORDS[match.group(1).lower()], question.upper() if question else None


def check_allowed(
    person: Person | None,
    kind: DecisionKind,
    environment: Environment,
    change: Change | None,
    people: Sequence[Person],
) -> Person:
    """Who answers, if they may; raises NotAllowed with the reason. Anybody known may say Hold."""
    if person is None:
        raise NotAllowed("nobody in `people` has this identity", cure="add it in orchestrate.yaml")
    if kind is DecisionKind.HOLD:
        return person
    if person.name not in environment.approvers:
        names = ", ".join(environment.approvers) or "nobody"
        raise NotAllowed(f"{person.name} is not an approver of {environment.name} (approvers: {names})")
    if kind is DecisionKind.APPROVED and change and not environment.authors_may_approve:
        author = author_of(change, people)
        if author is not None and author.name == person.name:
            raise NotAllowed(f"{person.name} wrote change {change.id} and may not approve it")
    return person


def author_of(change: Change, people: Sequence[Person]) -> Person | None:
    """The person behind the change's author, by the forge's identity."""
    return next((one for one in people if one.is_known_as(Channel.FORGE, change.author)), None)


def check_open(question: Question, now: float) -> None:
    """Raises AlreadyDecided when the question cannot be answered any more."""
    if question.closed is not None:
        raise AlreadyDecided(f"question {question.id} is closed: {question.closed}")
    if question.consumed_at is not None:
        raise AlreadyDecided(f"question {question.id} was answered, and the answer was used")
    if now >= question.expires:
        raise AlreadyDecided(f"question {question.id} has expired")


def newest_answer(
    comments: Sequence[Comment], question: Question, *, only_open: bool
) -> tuple[Comment, DecisionKind] | None:
    """The newest comment since the question was opened that answers it; Hold beats Approved at the same time.

    `only_open`: it is the only open question on this thread, so the answer need not name it.
    """
    answers = [
        (comment, kind)
        for comment in comments
        if comment.at.timestamp() >= question.opened_at and not comment.edited
        for kind in [_kind_for(comment.text, question, only_open=only_open)]
        if kind is not None
    ]
    return max(answers, key=lambda pair: (pair[0].at, pair[1] is DecisionKind.HOLD), default=None)


def _kind_for(text: str, question: Question, *, only_open: bool) -> DecisionKind | None:
    answer = answer_in(text)
    if answer is None:
        return None
    kind, named = answer
    if named == question.id or (named is None and only_open):
        return kind
    return None


def decision(
    question: Question, kind: DecisionKind, person: Person, channel: Channel, *, text: str, at: float
) -> Decision:
    """The person's answer as a fact, bound to the plan that was shown."""
    return Decision(
        gate=question.id,
        kind=kind,
        by=person.name,
        channel=channel,
        plan_hash=question.plan_hash,
        text=text,
        at=at,
    )
