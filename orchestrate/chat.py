"""The one `/deploy` language of every channel: a text in, a typed command out, and nothing done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrate.models.deployment import DecisionKind

LONGEST = 500
"""Characters; what is longer is no command."""


@dataclass(frozen=True)
class Ship:
    """Deploy a task its own way, or a version or a task to an environment."""

    what: str
    environment: str | None = None


@dataclass(frozen=True)
class ShowStatus:
    """What is under way, or how a task or a deployment is doing."""

    of: str | None = None


@dataclass(frozen=True)
class ShowHistory:
    """What was deployed, newest first."""

    environment: str | None = None


@dataclass(frozen=True)
class ShowPlan:
    """What a task's or deployment's plan does; None: the one that is under way."""

    of: str | None = None


@dataclass(frozen=True)
class Answer:
    """A person's answer to the question, or to the deployment's, that `to` names."""

    kind: DecisionKind
    to: str | None
    reason: str = ""


@dataclass(frozen=True)
class GoBack:
    """Take back a task, a deployment, or an environment; `rest` names the environment, or the version."""

    what: str
    rest: str | None = None


@dataclass(frozen=True)
class Help:
    """What can be said."""


@dataclass(frozen=True)
class Asked:
    """A question in plain words."""

    text: str


@dataclass(frozen=True)
class Unclear:
    """No command: what was understood of it, why that is not enough, and how it might be said.

    Only `heard` holds words of the text; whoever shows them makes them safe.
    """

    why: str
    examples: tuple[str, ...] = ()
    heard: str = ""


Command = Ship | ShowStatus | ShowHistory | ShowPlan | Answer | GoBack | Help | Asked | Unclear

GRAMMAR: tuple[tuple[str, str], ...] = (
    ("TASK", "deploy a task, to the next environment on its way"),
    ("ENV VERSION", "deploy a version, or a task, to an environment"),
    ("status [TASK or DEPLOYMENT]", "what is under way"),
    ("history [ENV]", "what was deployed"),
    ("plan [TASK or DEPLOYMENT]", "what would be done, and the question that is open about it"),
    ("approve QUESTION", "say yes, to exactly that plan"),
    ("hold QUESTION [WHY]", "say no"),
    ("rollback TASK [ENV]", "take a task back, or an environment: rollback ENV [VERSION]"),
    ("help", "this list"),
    ("what is live in production?", "or another question in plain words"),
)
"""Everything that can be said after `/deploy`, and what it does."""


def parse(text: str) -> Command:
    """The command that `text` is, with or without `/deploy` before it; what is no command is Unclear.

    Nothing is filled in: no environment is meant that was not named.
    """
    line = " ".join(text.split())
    if len(line) > LONGEST:
        return Unclear(f"it is longer than {LONGEST} characters", ("/deploy help",))
    words = _without_call(line.split())
    if not words:
        return Help()
    if _is_question(words):
        return Asked(" ".join(words))
    verb, rest = _verb(words)
    return _VERBS[verb](rest) if verb else _ship(words)


def is_called(text: str) -> bool:
    """Whether a comment begins with `/deploy`, and so wants to be a command."""
    return [word.lower() for word in text.split(None, 1)[:1]] == [CALL]


CALL = "/deploy"
_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._/+@#-]{0,99}"
    r"|https?://[A-Za-z0-9][A-Za-z0-9.-]{0,99}(?::\d{1,5})?/[A-Za-z0-9._/+@#-]{1,150}"  # of a task
)
_READS = ("status", "history", "plan", "help")
_ASKING = frozenset(
    {"what", "which", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was", "were"}
    | {"do", "does", "did", "has", "have", "had", "can", "could", "may", "should", "will", "would"}
)


def _without_call(words: Sequence[str]) -> list[str]:
    is_called = bool(words) and words[0].lower() == CALL
    return list(words[1:] if is_called else words)


def _is_question(words: Sequence[str]) -> bool:
    """Whoever asks does not command: `approve Q7F3K2?` is no approval."""
    is_read = len(words) == 1 and words[0].rstrip("?").lower() in _READS
    asks = words[-1].endswith("?") or words[0].lower() in _ASKING
    return asks and not is_read and words != ["?"]


def _verb(words: Sequence[str]) -> tuple[str, list[str]]:
    """The verb that the words begin with, and the rest; '' where they begin with a name."""
    first = words[0].lower().rstrip("?" if len(words) == 1 else "")
    if first == "roll" and len(words) > 1 and words[1].lower() == "back":
        return "rollback", list(words[2:])
    return (first, list(words[1:])) if first in _VERBS else ("", list(words))


def _ship(words: Sequence[str]) -> Command:
    names = [word for word in words if word.lower() not in ("to", "into", "on")]
    examples = ("/deploy T-12", "/deploy staging v1.4.0")
    if any(not _NAME.fullmatch(word) for word in words):
        return Unclear("that is neither a command nor names", ("/deploy help",), _heard(words))
    if len(words) == 3 and len(names) == 2:
        return Unclear("the environment comes first", (f"/deploy {names[1]} {names[0]}",), _heard(words))
    if len(words) > 2:
        return Unclear("a deployment has one or two names", examples, _heard(words))
    return Ship(words[0]) if len(words) == 1 else Ship(words[1], environment=words[0])


def _reading(make: Callable[[str | None], Command], example: str) -> Callable[[Sequence[str]], Command]:
    def read(words: Sequence[str]) -> Command:
        if len(words) > 1 or any(not _NAME.fullmatch(word) for word in words):
            return Unclear("one name may follow", (example,), _heard(words))
        return make(words[0] if words else None)

    return read


def _approve(words: Sequence[str]) -> Command:
    """Exact: a yes with words around it is none."""
    if len(words) > 1 or any(not _NAME.fullmatch(word) for word in words):
        return Unclear(
            "a yes names one question, and nothing follows", ("/deploy approve Q7F3K2",), _heard(words)
        )
    return Answer(DecisionKind.APPROVED, words[0] if words else None)


def _hold(words: Sequence[str]) -> Command:
    if words and not _NAME.fullmatch(words[0]):
        return Unclear("a no names its question first", ("/deploy hold Q7F3K2 too late",), _heard(words))
    return Answer(DecisionKind.HOLD, words[0] if words else None, " ".join(words[1:]))


def _rollback(words: Sequence[str]) -> Command:
    names = [word for word in words if word.lower() not in ("in", "to", "on")]
    examples = ("/deploy rollback T-12", "/deploy rollback production")
    if not names:
        return Unclear("it is not said what shall go back", examples)
    if len(names) > 2 or any(not _NAME.fullmatch(name) for name in names):
        return Unclear("a rollback has one or two names", examples, _heard(words))
    return GoBack(*names)


def _help(words: Sequence[str]) -> Command:  # noqa: ARG001  help is help, whatever follows
    return Help()


def _heard(words: Sequence[str]) -> str:
    return " ".join(words)[:100]


_VERBS: Mapping[str, Callable[[Sequence[str]], Command]] = {
    "status": _reading(ShowStatus, "/deploy status T-12"),
    "history": _reading(ShowHistory, "/deploy history production"),
    "plan": _reading(ShowPlan, "/deploy plan T-12"),
    "approve": _approve,
    "approved": _approve,
    "hold": _hold,
    "rollback": _rollback,
    "help": _help,
}
