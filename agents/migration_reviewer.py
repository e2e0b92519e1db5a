"""Reads migrations that the linter let pass, and objects to those that would hurt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.answers import MigrationReview
from agents.model import QUOTE_LIMIT, Brief, Model, NoModel, Quoted
from agents.role import Role
from orchestrate.models.objection import Objection
from orchestrate.models.plan import MigrationVerdict


@dataclass(frozen=True)
class Script:
    """One pending migration, as it stands in the repository, and what the linter said."""

    verdict: MigrationVerdict
    text: str


@dataclass(frozen=True)
class MigrationReviewer:
    """Adds objections to the linter's findings; it cannot take one away."""

    model: Model = NoModel()

    async def review(self, deployment: str, dialect: str, scripts: Sequence[Script]) -> tuple[Objection, ...]:
        """What was found in each text that could be shown whole, '' where nothing was. Raises ModelFailed.

        What does not fit into the question is not among them: nobody has looked at it.
        """
        shown = list(_fitting(scripts))
        if not shown:
            return ()
        facts = {
            "dialect": dialect,
            "findings": Quoted("\n".join(_finding(one.verdict) for one in shown)),
            "migrations": Quoted("\n\n".join(_page(one) for one in shown)),
        }
        said = await self.model.ask(Role.MIGRATION_REVIEWER, Brief(deployment, facts), MigrationReview)
        return tuple(_objection(one.verdict, said, deployment, dialect, self.model.name) for one in shown)


def _fitting(scripts: Sequence[Script]) -> Iterator[Script]:
    left = QUOTE_LIMIT
    for script in scripts:
        left -= len(_page(script).encode()) + 2
        if left < 0:
            return
        yield script


def _page(script: Script) -> str:
    return f"-- {script.verdict.path}\n{script.text}"


def _finding(verdict: MigrationVerdict) -> str:
    return f"{verdict.path}: {verdict.verdict} {', '.join(verdict.reasons)}".rstrip()


def _objection(
    verdict: MigrationVerdict, said: MigrationReview, deployment: str, dialect: str, model: str
) -> Objection:
    reasons = [one.reason for one in said.objections if one.path == verdict.path]
    reason = f"{model}: {'; '.join(reasons)}" if reasons else ""
    return Objection(sha256=verdict.sha256, dialect=dialect, reason=reason, by=model, deployment=deployment)
