"""Parking: a deployment that cannot go on is told once, on its thread and in the announce queue."""

from __future__ import annotations

from dataclasses import dataclass

from graphs.steps.crew import Crew
from graphs.steps.queued import leave_queue
from orchestrate import reports
from orchestrate.errors import EffectsStopped, OrchestrateError
from orchestrate.models.deployment import Deployment, Lease, Outcome, Stage
from tools.executor import Errand
from tools.voice import Manner


@dataclass(frozen=True)
class Park:
    """Tells people that they have to look."""

    crew: Crew

    async def tell(self, lease: Lease, row: Deployment, why: str) -> None:
        """Announce it, say it on the thread, and move the task where it is seen, now or when that can be.

        Raises EffectsStopped: then it is told when effects may begin again.
        """
        at = Errand(deployment=row.id, stage=row.stage or Stage.PICK_UP, lease=lease)
        if row.stage is Stage.MERGE:
            await leave_queue(self.crew, at, self.crew.store.plans.of(row.id))
        owner = self.crew.owners.after(Outcome.PARKED, None)
        title, text = reports.failure(row.id, row.request, Outcome.PARKED, why, None, (), owner=owner)
        voice = self.crew.voice.in_manner(Manner.PARTING)
        try:
            await voice.announce(at, "parked", title, text, urgent=True)
            await voice.say(at, row.request.task, "parked", text)
            await voice.move(at, row.request.task, self.crew.statuses.blocked)
        except EffectsStopped:
            raise
        except OrchestrateError as problem:
            self.crew.event(at, "not_told", f"{why}; and nobody could be told: {problem}")
