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

    @property
    def size(self) -> int:
        """Bytes that it takes where it is shown."""
        return len(_page(self).encode()) + 2

    @property
    def is_too_long(self) -> bool:
        """Whether it cannot be shown whole, so that nobody is asked about it."""
        return self.size > QUOTE_LIMIT

    @property
    def unread(self) -> str:
        """What is told of a text that is too long."""
        return f"{len(self.text.encode()):,} bytes of migration {self.verdict.path} were not read by a model"


@dataclass(frozen=True)
class MigrationReviewer:
    """Adds objections to the linter's findings; it cannot take one away."""

    model: Model = NoModel()

    async def review(self, deployment: str, dialect: str, scripts: Sequence[Script]) -> tuple[Objection, ...]:
        """What was found in each text of the first batch, '' where nothing was. Raises ModelFailed.

        What does not fit into one question is not among them: nobody has looked at it.
        """
        shown = next(batches(scripts), list[Script]())
        if not shown:
            return ()
        facts = {
            "dialect": dialect,
            "findings": Quoted("\n".join(_finding(one.verdict) for one in shown)),
            "migrations": Quoted("\n\n".join(_page(one) for one in shown)),
        }
        said = await self.model.ask(Role.MIGRATION_REVIEWER, Brief(deployment, facts), MigrationReview)
        return tuple(_objection(one.verdict, said, deployment, dialect, self.model.name) for one in shown)


def batches(scripts: Sequence[Script]) -> Iterator[list[Script]]:
    """The texts in groups that can be shown whole, in their order; one that cannot is in none."""
    batch: list[Script] = []
    size = 0
    for script in (one for one in scripts if not one.is_too_long):
        if batch and size + script.size > QUOTE_LIMIT:
            yield batch
            batch, size = [], 0
        batch.append(script)
        size += script.size
    if batch:
        yield batch


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
