"""Chat: where people are told how a deployment does, and asked, in messages that are kept up to date."""

from __future__ import annotations

from typing import Protocol

from orchestrate.errors import OutsideFailed
from orchestrate.models.fact import Fact


class Buttons(Fact):
    """Two answers to a question about one plan: what each says, and which answer it is."""

    question: str
    plan_hash: str
    yes: tuple[str, str]  # what stands on it, and the kind of the answer
    no: tuple[str, str]


class Message(Fact):
    """Something to say; `text` is Markdown in which nothing of others works, `marker` finds it again."""

    marker: str
    text: str
    buttons: Buttons | None = None
    calls: tuple[str, ...] = ()  # accounts of people who are called by name


class Chat(Protocol):
    """A channel of a chat, as far as we write there."""

    async def say(self, message: Message, below: str | None = None) -> str:
        """Say it, in the thread of another message where one is named; the id of what was said.

        Raises RateLimited, AccessDenied, Unreachable, OutsideFailed.
        """
        ...

    async def edit(self, id: str, message: Message) -> None:
        """Let it say something else from now on. Raises what `say` raises."""
        ...

    async def find(self, marker: str, since: float) -> str | None:
        """The message with this marker, said after `since` (epoch seconds). Raises what `say` raises."""
        ...

    async def tell(self, person: str, place: str, text: str) -> None:
        """Say something to one person alone, where they spoke. Raises what `say` raises."""
        ...


class MemoryChat:
    """The twin of a chat: messages in memory, for tests and rehearsals."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.below: dict[str, str | None] = {}
        self.told: list[tuple[str, str]] = []
        self.edits = 0

    async def say(self, message: Message, below: str | None = None) -> str:
        id = str(len(self.messages) + 1)
        self.messages[id], self.below[id] = message, below
        return id

    async def edit(self, id: str, message: Message) -> None:
        if id not in self.messages:
            raise OutsideFailed(f"there is no message {id}")
        self.messages[id] = message
        self.edits += 1

    async def find(self, marker: str, since: float) -> str | None:  # noqa: ARG002  all of them are recent
        return next((id for id, one in self.messages.items() if one.marker == marker), None)

    async def tell(self, person: str, place: str, text: str) -> None:  # noqa: ARG002  one place
        self.told.append((person, text))
