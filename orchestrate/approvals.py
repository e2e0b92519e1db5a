"""Approvals: what counts as an answer, from whom, and for which plan."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.gates.signoff import sign_off
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


@dataclass(frozen=True)
class Word:
    """A comment that answers a question, or that looks as if it wanted to: then `why` it does not count."""

    comment: Comment
    kind: DecisionKind | None
    why: str = ""


def words(
    comments: Sequence[Comment], question: Question, since: float, on_thread: Collection[str]
) -> list[Word]:
    """What was said since the moment `since` (epoch seconds) that answers `question` or tries to.

    `on_thread`: the questions that are open on this thread; where there is one, an answer need not name it.
    """
    recent = [one for one in comments if one.at.timestamp() >= since]
    found = [_word(comment, question, on_thread) for comment in recent]
    return [word for word in found if word is not None]


def standing(answers: Sequence[tuple[str, Word]]) -> tuple[str, Word] | None:
    """Of who said what, the answer that stands: each person's newest counts, and Approved only alone.

    Hold beats Approved whoever was first, so that it does not matter when a thread is read.
    """
    newest = {who: word for who, word in sorted(answers, key=lambda pair: pair[1].comment.at)}
    return max(newest.items(), key=lambda pair: _weight(pair[1]), default=None)


def _weight(word: Word) -> tuple[int, float]:
    order = (DecisionKind.APPROVED, DecisionKind.ROLL_BACK, DecisionKind.HOLD)
    return (order.index(word.kind) if word.kind else -1, word.comment.at.timestamp())


def _word(comment: Comment, question: Question, on_thread: Collection[str]) -> Word | None:
    answer = answer_in(comment.text)
    if answer is None:
        wants_to = is_attempt(comment.text) and sign_off(comment) is None
        return Word(comment, None, NOT_EXACT) if wants_to else None
    kind, named = answer
    if named != question.id and named in on_thread:
        return None
    why = _why_not(comment, question, named, on_thread)
    return Word(comment, None, why) if why else Word(comment, kind)


def _why_not(comment: Comment, question: Question, named: str | None, on_thread: Collection[str]) -> str:
    """Why an answer in the right form does not count, or ''."""
    if named is None and len(on_thread) > 1:
        return f"more than one question is open here; name one, as in `Hold {question.id}`"
    if named not in (None, question.id):
        return f"{named} is not open; {question.id} is"
    if comment.edited:
        return "it was edited; say it in a new comment"
    if comment.at.timestamp() < question.opened_at:
        return f"it was written before question {question.id} was asked; say it anew"
    return ""


NOT_EXACT = "an answer is the whole comment, and nothing but `Approved`, `Hold` or `Roll back` as plain text"
ALIKE = 0.85
LONGEST_ATTEMPT = 6
"""Words; who writes more is talking, not answering."""


def is_attempt(text: str) -> bool:
    """Whether `text`, which is no answer, looks as if its writer took it for one."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    said = [match.group() for match in re.finditer(r"\w+", plain)]
    return len(said) <= LONGEST_ATTEMPT and any(get_close_matches(word, _WORDS, 1, ALIKE) for word in said)


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
