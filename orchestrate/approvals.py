"""Approvals: what counts as an answer, from whom, and for which plan."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from orchestrate.chat import is_called
from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.gates.signoff import sign_off
from orchestrate.models.deployment import Decision, DecisionKind
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.plan import Plan
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


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Who may answer a question, beside that anybody known may say Hold."""

    place: str
    approvers: Collection[str]  # names of people
    barred: Mapping[str, str]  # who may not approve, and why


def panel_of(environment: Environment, plan: Plan) -> Panel:
    """Whom the environment's settings let answer about this plan."""
    barred = plan.approval.barred if plan.approval else ()
    return Panel(
        place=environment.name,
        approvers=environment.approvers,
        barred={one.person: one.why for one in barred},
    )


def check_allowed(person: Person | None, kind: DecisionKind, panel: Panel) -> Person:
    """Who answers, if they may; raises NotAllowed with the reason."""
    why = _may_not(person, kind, panel)
    if person is None or why:
        raise NotAllowed(why, cure="" if person else "add it in orchestrate.yaml")
    return person


def _may_not(person: Person | None, kind: DecisionKind, panel: Panel) -> str:
    if person is None:
        return "nobody in `people` has this identity"
    if person.bot:
        return f"{person.name} is a bot, and only people answer"
    if kind is DecisionKind.HOLD:
        return ""
    if person.name not in panel.approvers:
        names = ", ".join(panel.approvers) or "nobody"
        return f"{person.name} is not an approver of {panel.place} (approvers: {names})"
    if kind is DecisionKind.APPROVED and person.name in panel.barred:
        return f"{person.name} {panel.barred[person.name]} and may not approve it"
    return ""


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
    by: str = ""  # a person's name


@dataclass(frozen=True, kw_only=True)
class Matter:
    """A question, and everything that decides whether a comment answers it."""

    question: Question
    asked: Sequence[Question]  # all that was ever asked on its thread
    panel: Panel
    person: Callable[[Channel, str], Person | None]
    bot: str  # our own account
    since: float  # epoch seconds; what was said before is not looked at


def ruling(comment: Comment, matter: Matter) -> Word | None:
    """What `comment` is to the question; None: not about it. Total, and the same whenever it is asked."""
    if comment.author == matter.bot or comment.at.timestamp() < matter.since:
        return None
    answer = answer_in(comment.text)
    if answer is None:
        is_other = is_called(comment.text) or sign_off(comment) is not None
        wants_to = is_attempt(comment.text) and not is_other
        return Word(comment, None, NOT_EXACT) if wants_to else None
    kind, named = answer
    others = _open_then(comment, matter)
    if named in others or (others and named is None and not _was_asked(matter.question, comment)):
        return None
    person = matter.person(Channel.TRACKER, comment.author)
    why = _why_not(comment, named, matter, others) or _unproven(comment, kind)
    why = why or _may_not(person, kind, matter.panel)
    return Word(comment, None, why) if why or person is None else Word(comment, kind, by=person.name)


def standing(words: Iterable[Word]) -> tuple[Word, ...]:
    """The answers that stand: each person's newest counts, and approvals only where nobody says otherwise.

    Hold beats Roll back beats Approved whoever was first, so that it does not matter when a thread is read.
    """
    said = sorted((word for word in words if word.kind), key=lambda word: word.comment.at)
    newest = {word.by: word for word in said}.values()
    for kind in (DecisionKind.HOLD, DecisionKind.ROLL_BACK):
        found = [word for word in newest if word.kind is kind]
        if found:
            return (found[-1],)
    return tuple(newest)


def _open_then(comment: Comment, matter: Matter) -> set[str]:
    """The other questions that were open on the thread when the comment was written."""
    at = comment.at.timestamp()
    return {
        one.id
        for one in matter.asked
        if one.id != matter.question.id
        and one.closed is None
        and _was_asked(one, comment)
        and (one.decision is None or one.decision.at >= at)
        and (one.consumed_at is None or one.consumed_at > at)
    }


def _unproven(comment: Comment, kind: DecisionKind) -> str:
    """Why an answer is not its author's for sure, or ''; whoever says Hold is believed."""
    if comment.proven or kind is DecisionKind.HOLD:
        return ""
    return "nobody proves here who wrote it; answer with `orchestrate deploy approve`"


def _was_asked(question: Question, comment: Comment) -> bool:
    return comment.at.timestamp() >= question.opened_at


def _why_not(comment: Comment, named: str | None, matter: Matter, others: Collection[str]) -> str:
    """Why an answer in the right form does not count, whoever gives it, or ''."""
    question = matter.question
    if comment.task != question.task:
        return f"question {question.id} is asked on another thread"
    if named is None and others:
        return f"more than one question is open here; name one, as in `Hold {question.id}`"
    if named not in (None, question.id):
        return f"{named} is not open; {question.id} is"
    if comment.edited:
        return "it was edited; say it in a new comment"
    if not _was_asked(question, comment):
        return f"it was written before question {question.id} was asked; say it anew"
    if comment.at.timestamp() >= question.expires:
        return f"question {question.id} had expired"
    return ""


NOT_EXACT = "an answer is the whole comment, and nothing but `Approved`, `Hold` or `Roll back` as plain text"
ALIKE = 0.85
LONGEST_ATTEMPT = 6
"""Words; who writes more is talking, not answering."""


def is_attempt(text: str) -> bool:
    """Whether `text`, which is no answer, looks as if its writer took it for one."""
    said = re.findall(r"\w+", _folded(text))
    pairs = (f"{one} {other}" for one, other in pairwise(said))
    is_short = len(said) <= LONGEST_ATTEMPT
    return is_short and any(get_close_matches(word, _WORDS, 1, ALIKE) for word in (*said, *pairs))


def _folded(text: str) -> str:
    """`text` as a reader takes it: small letters, nothing unseen, and Latin for what looks like it."""
    seen = (one for one in unicodedata.normalize("NFKD", text) if unicodedata.category(one) not in _UNSEEN)
    return "".join(seen).casefold().translate(_LATIN)


_UNSEEN = frozenset({"Cf", "Mn"})
_LATIN = str.maketrans("авеорсухіԁһкοαρνυκ", "abeopcyxidhkoapvuk")


@dataclass(frozen=True, kw_only=True)
class Saying:
    """How an answer was given: where, by which account there, and in which words."""

    channel: Channel
    account: str
    text: str
    comment: Comment | None = None
    card: str | None = None  # the message whose button was pressed


def decision(question: Question, kind: DecisionKind, by: str, saying: Saying, at: float) -> Decision:
    """The answer of the person `by` as a fact, bound to the plan that was shown and to the very comment."""
    comment = saying.comment
    return Decision(
        gate=question.id,
        kind=kind,
        by=by,
        channel=saying.channel,
        account=saying.account,
        plan_hash=question.plan_hash,
        text=saying.text,
        at=at,
        comment=comment.id if comment else saying.card,
        text_sha256=sha256_of(comment.text) if comment else None,
        said_at=comment.at.timestamp() if comment else None,
    )


def said_on_thread(question: Question, word: Word, at: float) -> Decision | None:
    """The decision that a comment is; None for one that does not count."""
    if word.kind is None:
        return None
    said = word.comment
    saying = Saying(channel=Channel.TRACKER, account=said.author, text=said.text, comment=said)
    return decision(question, word.kind, word.by, saying, at)


def lost(given: Decision, thread: Mapping[str, Comment]) -> str:
    """Why an approval that was given on a thread no longer stands as the thread (by id) is now, or ''.

    What a button stood on is our own message: it may say something else by now, and must be there.
    """
    if given.comment is None:
        return ""
    comment, is_pressed = thread.get(given.comment), given.text_sha256 is None
    if comment is None:
        gone = f"the message whose button {given.by} pressed" if is_pressed else f"{given.by}'s comment"
        return f"{gone} was deleted"
    is_same = (comment.author, sha256_of(comment.text)) == (given.account, given.text_sha256)
    return "" if is_pressed or (is_same and not comment.edited) else f"{given.by}'s comment was edited"


def sha256_of(text: str) -> str:
    """SHA-256 of a comment's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
