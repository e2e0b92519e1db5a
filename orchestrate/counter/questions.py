"""Questions in plain words: which of the things that can be read one asks for; else the assistant answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from orchestrate.app import App
from orchestrate.counter import reads
from orchestrate.counter.explaining import explained
from orchestrate.counter.finding import places
from orchestrate.counter.reply import Reply, examples
from orchestrate.identity import Identity
from orchestrate.models.environment import Environment
from orchestrate.reports.markdown import page

Reading = Callable[[App, Sequence[Environment]], Reply | Awaitable[Reply]]


@dataclass(frozen=True)
class Topic:
    """Something that can be asked for, and the words that give it away: one of each group."""

    reads: Reading
    words: tuple[frozenset[str], ...]
    is_explained: bool = False  # lines alone do not tell why

    def is_meant(self, said: frozenset[str]) -> bool:
        return all(said & group for group in self.words)


def _topic(reading: Reading, *groups: str) -> Topic:
    return Topic(reading, tuple(frozenset(group.split()) for group in groups))


TOPICS: tuple[Topic, ...] = (
    _topic(lambda _, where: reads.approvers(where), "who", "approve approves approver approvers"),
    replace(
        _topic(reads.reasons, "why", "fail failed fails back held blocked bad wrong refused rolled not"),
        is_explained=True,
    ),
    _topic(
        lambda app, _: reads.questions(app),
        "open waits wait waiting pending needs who what which anything",
        "approval approvals approved approve question questions answer answered",
    ),
    _topic(lambda app, where: _history(app, where), "last latest recent recently history when before"),
    _topic(
        lambda app, where: reads.live(app, where),
        "live running runs serves serving deployed version release released",
    ),
    _topic(
        lambda app, _: reads.status(app, None),
        "happening way going progress deploying status waits waiting wait stuck now stopped blocked held",
    ),
)
"""The first that is meant is answered."""

SUCH_AS = (
    "what is live in production?",
    "what is under way?",
    "what waits for approval?",
    "who may approve production?",
    "what was deployed last?",
    "why did the last one fail?",
)


async def answer(app: App, text: str, who: Identity) -> Reply:
    """What is asked for, where it can be told; what the assistant says; else what can be asked."""
    words = re.findall(r"[a-z0-9][a-z0-9._-]*", text.lower())
    said = frozenset(word.strip(".") for word in words)
    topic = next((one for one in TOPICS if one.is_meant(said)), None)
    where = places(app, sorted(said))
    if topic is None:
        told = await explained(app, text, who, where)
        unclear = Reply(text=page("I cannot tell what is asked.", examples(SUCH_AS)), is_done=False)
        return Reply(text=told) if told else unclear
    found = topic.reads(app, where)
    reply = found if isinstance(found, Reply) else await found
    told = await explained(app, text, who, where) if topic.is_explained else ""
    return reply.model_copy(update={"text": page(reply.text, told)}) if told else reply


def _history(app: App, where: Sequence[Environment]) -> Reply:
    return reads.history(app, where[0].name if len(where) == 1 else None)
