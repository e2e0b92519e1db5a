"""Unblocking: tasks that gates stopped are tried again when something about them has changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from graphs.steps.found import blocked_digest
from orchestrate.errors import NotFound, OutsideFailed
from orchestrate.gates import findings
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.gate import Findings
from orchestrate.store import Store
from tools.survey import Survey
from tools.tasks import TaskDesk, Tasks

LATEST = 50
"""How many blocked deployments are looked at in one round."""


@dataclass(frozen=True, kw_only=True)
class Unblocking:
    """Looks at blocked tasks with fresh evidence, and puts those back whose gates say something else."""

    store: Store
    tasks: Tasks
    desk: TaskDesk
    survey: Survey
    blocked: str
    ready: str

    async def look(self) -> Sequence[str]:
        """One round: the tasks that were put back into the deploy queue; none while effects are stopped.

        A task that cannot be read keeps no other from being tried; it is looked at in the next round. So is
        one of which the tracker was not told everything yet: what is told later would undo this.
        """
        back: list[str] = []
        if self.store.switch.stopped() is not None:
            return back
        owing = self.store.outbox.owing()
        for row in self.store.deployments.latest(outcome=Outcome.BLOCKED, limit=LATEST):
            with suppress(NotFound, OutsideFailed):
                if row.request.task and row.request.task not in owing and await self._may_try(row):
                    self.store.audit.add(AuditKind.UNBLOCKED, deployment=row.id, task=row.request.task)
                    await self.desk.move(row.request.task, self.ready)
                    back.append(row.request.task)
        return back

    async def _may_try(self, row: Deployment) -> bool:
        task = await self.tasks.task(row.request.task or "")
        if task.is_closed or task.status != self.blocked or not self._is_newest(row):
            return False
        evidence = await self.survey.evidence(row.id, row.request, None)
        now = blocked_digest(Findings(results=findings(evidence)))
        return now != self._then(row.id) and self._is_newest(row)

    def _is_newest(self, row: Deployment) -> bool:
        """Whether nobody has begun with its task since then: another worker may have been quicker."""
        newest = self.store.deployments.latest(task=row.request.task, limit=1)
        return bool(newest) and newest[0].id == row.id

    def _then(self, deployment: str) -> str:
        seen = [one for one in self.store.events.of(deployment) if one.kind == "blocked"]
        return seen[-1].data.get("digest", "") if seen else ""
