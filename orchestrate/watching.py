"""Watching: one sampler for every release that is watched; it stores samples and their judgement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orchestrate import analysis
from orchestrate.errors import OrchestrateError
from orchestrate.models.sample import Verdict
from orchestrate.models.watch import Watch
from orchestrate.store import Store
from tools.place import Places
from tools.sampler import Sampler


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Samples what is due, and says which deployments have a verdict."""

    store: Store
    places: Places
    sampler: Sampler

    async def look(self) -> tuple[str, ...]:
        """One round: the deployments whose release was found to be bad."""
        due = self.store.watches.active(self.store.clock())
        found = await asyncio.gather(*(self._sample(watch) for watch in due))
        return tuple(watch.deployment for watch, is_bad in zip(due, found, strict=True) if is_bad)

    async def _sample(self, watch: Watch) -> bool:
        """Sample one watch, unless another worker does; whether the verdict is against it."""
        next_at = max(watch.next_at, self.store.clock() - watch.interval) + watch.interval
        if not self.store.watches.claim(watch.id, watch.next_at, next_at):
            return False
        try:
            return await self._sampled(watch)
        except OrchestrateError as problem:
            self.store.events.add(watch.deployment, None, "not_sampled", str(problem))
        except Exception as fault:  # noqa: BLE001 - one release must not end the watch of the others
            self.store.keep_fault(watch.deployment, "not_sampled", fault)
        return False

    async def _sampled(self, watch: Watch) -> bool:
        plan = self.store.plans.of(watch.deployment)
        alerts = plan.alerts.get(watch.component, {})
        samples, totals = await self.sampler.sample(watch, self.places(watch.environment), alerts)
        now, so_far = self.store.clock(), (*self.store.watches.samples(watch.id), *samples)
        as_it_stands = self.store.watches.watch(watch.id)  # it may have been extended meanwhile
        judgement = analysis.judge(as_it_stands, so_far, plan.triggers, plan.monitoring, now, alerts)
        self.store.watches.sampled(watch.id, samples, totals, judgement)
        return judgement.verdict is Verdict.FAIL
