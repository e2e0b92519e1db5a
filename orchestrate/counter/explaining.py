"""Explaining: what the assistant says to a question, from what can be read of one deployment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agents.looks import ReadTool
from orchestrate.app import App
from orchestrate.counter import reads
from orchestrate.counter.finding import is_deployed
from orchestrate.errors import NotFound
from orchestrate.identity import Identity
from orchestrate.models.deployment import Deployment
from orchestrate.models.environment import Channel, Environment
from orchestrate.outside import inline
from orchestrate.sight import Sight
from orchestrate.store import Store

MOST = 2000
"""Characters of what the assistant says that are passed on, as one line."""

LATEST = 20
SHORTEST_ID = 8
"""A shorter word is not taken for the beginning of a deployment's id."""


@dataclass(frozen=True)
class ChatLooks:
    """What a model may see to answer a question: the places that it names, and one deployment there."""

    app: App
    where: Sequence[Environment]
    sight: Sight | None

    async def look(self, tool: ReadTool, only: str = "") -> str:
        """What there is. Raises OrchestrateError."""
        match tool:
            case ReadTool.ENVIRONMENTS:
                return (await reads.live(self.app, self.where)).text
            case ReadTool.HISTORY:
                return "\n".join(reads.history(self.app, one.name).text for one in self.where)
            case _:
                return await self.sight.look(tool, only) if self.sight else "nothing was deployed yet"


async def explained(app: App, text: str, who: Identity, where: Sequence[Environment]) -> str:
    """What the assistant says, in words without any power; '' where nobody is to be asked, or answers."""
    payer = _payer(app.store, who)
    if payer is None:
        return ""
    row = _meant(app.store, text, where)
    sight = Sight(app.store, app.crew.places, app.forge, row.id) if row else None
    facts = "\n".join(_facts(app, row, where))
    said = await app.assistant.answer(payer, text, facts, ChatLooks(app, where, sight))
    if said is None:
        return ""
    return f"{inline(app.assistant.model.name)}, a model, says of what can be read: {inline(said, MOST)}"


def _payer(store: Store, who: Identity) -> str | None:
    """Whose purse of today it comes from; None for whoever is nobody, or a program."""
    if who.person is None and who.channel is not Channel.CLI:
        return None
    if who.person is not None and who.person.bot:
        return None
    today = datetime.fromtimestamp(store.clock(), UTC).date()
    return f"chat/{who.channel}/{who.person.name if who.person else who.login}/{today}"


def _facts(app: App, row: Deployment | None, where: Sequence[Environment]) -> Iterator[str]:
    now = datetime.fromtimestamp(app.store.clock(), UTC)
    yield f"it is {now:%Y-%m-%d %H:%M} UTC; environments: {', '.join(one.name for one in where)}"
    yield reads.status(app, None).text
    if row is not None:
        yield f"the tools show this deployment: {reads.told(row)}"


def _meant(store: Store, text: str, where: Sequence[Environment]) -> Deployment | None:
    """The deployment that is named; else the newest that did badly where one asks why; else the newest."""
    words = [word.strip(".,;:!?`'\"()") for word in text.split()]
    for word in words:
        found = store.deployments.latest(task=word, limit=1)
        if found or len(word) >= SHORTEST_ID:
            try:
                return found[0] if found else store.deployments.deployment(word)
            except NotFound:
                continue
    rows = [row for one in where for row in store.deployments.latest(environment=one.name, limit=LATEST)]
    rows.sort(key=lambda row: row.id, reverse=True)
    bad = [row for row in rows if row.outcome is not None and not is_deployed(row)]
    asks_why = "why" in (word.lower() for word in words)
    return next(iter(bad if asks_why and bad else rows), None)
