"""Proposes how to resolve a conflict, for people to review; it writes nowhere but between the marks."""

from __future__ import annotations

from dataclasses import dataclass

from agents.answers import Resolution
from agents.model import Brief, Model, NoModel, Quoted
from agents.role import Role
from orchestrate.errors import ModelFailed
from orchestrate.models.change import Change
from orchestrate.models.conflict import Conflict, ResolvedFile
from orchestrate.resolving import LIMIT, aligned, objection, shown, unfit


@dataclass(frozen=True)
class Proposal:
    """What it proposes, in its own words and in whole files."""

    summary: str
    files: tuple[ResolvedFile, ...]


@dataclass(frozen=True)
class ConflictResolver:
    """Reads both sides, and gives texts that keep what both meant."""

    model: Model = NoModel()

    async def propose(self, deployment: str, change: Change, conflict: Conflict) -> Proposal:
        """A resolution of every conflicting file. Raises ModelFailed where none may be taken."""
        if why := unfit(conflict):
            raise ModelFailed(f"nobody was asked: {why}")
        facts = {
            "change": Quoted(f"{change.title}\n\n{change.body}"),
            "base": Quoted(change.base),
            "conflicts": Quoted(shown(conflict), LIMIT),
        }
        said = await self.model.ask(Role.CONFLICT_RESOLVER, Brief(deployment, facts), Resolution)
        files = aligned(conflict, [ResolvedFile(path=one.path, text=one.text) for one in said.texts])
        if why := objection(conflict, files):
            raise ModelFailed(f"what {self.model.name} proposes is not taken: {why}")
        return Proposal(said.summary, files)
