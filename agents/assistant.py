"""Answers plain questions from what can be read; nothing that it says is ever done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.answers import Reply
from agents.looks import Looks
from agents.model import Brief, Model, NoModel, Quoted
from agents.role import Role
from orchestrate.errors import ModelFailed

PATIENCE = 20.0
"""Seconds that somebody in a chat waits; what else is to be heard there waits with them."""


@dataclass(frozen=True)
class Assistant:
    """Whoever answers what the grammar of questions does not know."""

    model: Model = NoModel()

    async def answer(self, payer: str, question: str, facts: str, looks: Looks) -> str | None:
        """What it says, paid by `payer`; None where no model answers in time."""
        told = {"question": Quoted(question), "facts": Quoted(facts)}
        try:
            async with asyncio.timeout(PATIENCE):
                said = await self.model.ask(Role.ASSISTANT, Brief(payer, told, looks), Reply)
        except (ModelFailed, TimeoutError):
            return None
        return said.text.strip() or None
