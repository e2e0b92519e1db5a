"""Sight: what a model may see of one deployment; it is bound to that one, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.condensed import condensed
from agents.looks import ReadTool
from agents.outline import outline
from graphs.steps.crew import LOG_LINES, NEW, OLD
from graphs.steps.found import found_in
from orchestrate.errors import OutsideFailed
from orchestrate.models.change import Change
from orchestrate.models.deployment import Deployment
from orchestrate.models.sample import Sample, SampleState
from orchestrate.models.watch import Watch
from orchestrate.reports.rows import told
from orchestrate.store import Store
from tools.place import Places

STORY, HISTORY, SAMPLES = 15, 5, 8
"""So many lines, deployments and samples are shown, newest last."""

WHOLE_STORY = 100_000
NO_STORY = frozenset({"stage", "gate"})
_FILES = re.compile(r"^(?=diff --git |--- (?:a/|/dev/null))", re.MULTILINE)


class Changes(Protocol):
    """Where a change is, and what it does."""

    async def change(self, id: str) -> Change:
        """The change as it is now. Raises UnknownChange."""
        ...

    async def diff(self, change: Change) -> str:
        """What the change does against the merge base, line by line, as far as it is shown."""
        ...


@dataclass(frozen=True)
class Sight:
    """Shows one deployment, its change and its environment."""

    store: Store
    places: Places
    changes: Changes
    deployment: str

    async def look(self, tool: ReadTool, only: str = "") -> str:
        """What there is, newest last; '' for nothing. Raises OrchestrateError."""
        row = self.store.deployments.deployment(self.deployment)
        match tool:
            case ReadTool.DIFF:
                return await self._diff(row, only)
            case ReadTool.LOGS:
                return await self._logs(row, only)
            case _:
                return "\n".join(_LINES[tool](self, row))

    def status(self, row: Deployment) -> Iterator[str]:
        """Where it is, and the newest lines of its story."""
        yield told(row)
        story = self.store.events.of(row.id, limit=WHOLE_STORY)
        for one in [one for one in story if one.kind not in NO_STORY][-STORY:]:
            yield f"{one.stage or 'before'}: {one.text}"

    def history(self, row: Deployment) -> Iterator[str]:
        """What was deployed there beside it, newest first."""
        rows = self.store.deployments.latest(
            environment=row.environment, service=row.service, limit=HISTORY + 1
        )
        yield from (told(one) for one in rows if one.id != row.id)

    def gates(self, row: Deployment) -> Iterator[str]:
        """What every gate found last."""
        found = found_in(self.store.events.of(row.id, limit=WHOLE_STORY))
        yield from (f"{one.gate}: {one.finding}: {one.sentence}" for one in found.results)

    def plan(self, row: Deployment) -> Iterator[str]:
        """Its plan, in few words."""
        yield outline(self.store.plans.plan(row.plan_hash)) if row.plan_hash else "there is no plan yet"

    def metrics(self, row: Deployment) -> Iterator[str]:
        """What was measured in each watch."""
        for watch in self.store.watches.of(row.id):
            found = watch.judgement
            said = f"{found.verdict}: {found.sentence}" if found else "no verdict yet"
            yield f"{watch.component} in {watch.slot} at {watch.share} % of the traffic: {said}"
            yield from _sampled(watch, self.store.watches.samples(watch.id))

    def environment(self, row: Deployment) -> Iterator[str]:
        """Where it goes."""
        last = self.store.verified.last(row.environment, row.service)
        yield f"{row.environment}: {last.name if last else 'nothing'} was verified last"

    async def _diff(self, row: Deployment, path: str) -> str:
        change = self.store.plans.plan(row.plan_hash).change if row.plan_hash else row.request.change
        if change is None:
            return "no change: a version that exists"
        text = await self.changes.diff(await self.changes.change(change))
        return _of_file(text, path) if path else text

    async def _logs(self, row: Deployment, contains: str) -> str:
        """What was kept of both versions, or else what the watched slots write now, or what we wrote."""
        kept = self.store.logs.read(row.id)
        new, old = ([one.text for one in kept if one.source.startswith(which)] for which in (NEW, OLD))
        if not new:
            new, old = await self._tails(row)
        lines = new or [f"{one.source}: {one.text}" for one in kept]
        return condensed([one for one in lines if contains in one], old)

    async def _tails(self, row: Deployment) -> tuple[list[str], list[str]]:
        place, new, old = self.places(row.environment), list[str](), list[str]()
        for watch in self.store.watches.open_of(row.id):
            component = place.component(watch.component)
            for slot, lines in ((watch.slot, new), (watch.baseline, old)):
                try:
                    lines += await place.logs.tail(component, slot, LOG_LINES) if slot else ()
                except OSError as problem:
                    raise OutsideFailed(f"the log of {slot} cannot be read: {problem}") from problem
        return new, old


_LINES: Mapping[ReadTool, Callable[[Sight, Deployment], Iterator[str]]] = {
    ReadTool.STATUS: Sight.status,
    ReadTool.HISTORY: Sight.history,
    ReadTool.GATES: Sight.gates,
    ReadTool.PLAN: Sight.plan,
    ReadTool.METRICS: Sight.metrics,
    ReadTool.ENVIRONMENTS: Sight.environment,
}


def _of_file(text: str, path: str) -> str:
    """The parts of a diff that are about files with this in their path."""
    parts = _FILES.split(text)
    return "".join(one for one in parts if path in one.partition("@@")[0]) or f"it does not touch {path}"


def _sampled(watch: Watch, samples: Sequence[Sample]) -> Iterator[str]:
    for one in samples[-SAMPLES:]:
        state = "" if one.state is SampleState.OK else f", {one.state}"
        at = f"+{one.at - watch.opened_at:.0f} s {one.slot}"
        yield f"  {at}: {one.requests} requests, {one.errors} errors{state}"
