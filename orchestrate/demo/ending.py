"""The ending: how each change ended and why, what the customers saw, and what to type next."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path

from orchestrate.analysis.series import totals
from orchestrate.app import App
from orchestrate.demo.chapters import BAD, CONFLICT, DANGEROUS, GOOD, Chapter, chapter
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.prepare import Errand
from orchestrate.models.deployment import Deployment, Event, Outcome, Status
from orchestrate.models.fact import Fact
from orchestrate.models.move import SetTraffic
from orchestrate.models.plan import Plan
from orchestrate.models.task import Task
from orchestrate.store import Store

NEVER_BEGAN = frozenset({Outcome.BLOCKED, Outcome.CONFLICT, Outcome.HELD, Outcome.EXPIRED})


class Ended(Fact):
    """How one of them ended."""

    label: str
    task: str
    title: str
    deployment: str | None
    environment: str | None
    outcome: Outcome | None  # None: it has not ended
    words: str  # the outcome in words
    is_as_expected: bool
    because: tuple[str, ...]


class Command(Fact):
    """What to type, and what for."""

    words: str
    what: str


class Ending(Fact):
    """The whole demo, when nothing more happens."""

    folder: str
    is_good: bool
    changes: tuple[Ended, ...]
    served: int
    failed: int
    errors: dict[str, int]
    canary_errors: int  # of these, what was measured at the canary that was taken back
    fix_tasks: tuple[str, ...]
    revert: str | None  # id of the change that takes the bad one back
    next: tuple[Command, ...]


@dataclass(frozen=True)
class Looking:
    """Reads the ending."""

    app: App
    errands: Sequence[Errand]

    def ending(self, traffic: TrafficCounts) -> Ending:
        changes = tuple(self._ended(errand) for errand in self.errands)
        bad = self._last(self._errand(BAD))
        revert = self._revert(bad)
        fixes = tuple(one.id for one in self._fixes())
        folder = self.app.settings.path.parent
        return Ending(
            folder=str(folder),
            is_good=all(one.is_as_expected for one in changes),
            changes=changes,
            served=traffic.served,
            failed=traffic.failed,
            errors=traffic.errors,
            canary_errors=self._measured(bad)[1] if bad else 0,
            fix_tasks=fixes,
            revert=revert,
            next=tuple(_commands(program(folder), bad, fixes, revert, self._errand(DANGEROUS).change)),
        )

    @property
    def _store(self) -> Store:
        return self.app.store

    def _ended(self, errand: Errand) -> Ended:
        told, last = chapter(errand.name), self._last(errand)
        task = self._store.tasks.task(errand.task)
        is_there = last is not None and (last.outcome, last.environment) == (told.ends, told.ends_in)
        return Ended(
            label=told.label,
            task=task.id,
            title=task.title,
            deployment=last.id if last else None,
            environment=last.environment if last else None,
            outcome=last.outcome if last else None,
            words=_outcome(last),
            is_as_expected=is_there,
            because=tuple(self._because(told, last, task) if last and is_there else _instead(last, task)),
        )

    def _because(self, told: Chapter, last: Deployment, task: Task) -> Iterator[str]:
        if told == GOOD:
            yield from self._good(last)
        elif told == BAD:
            yield from self._bad(last)
        elif told == CONFLICT:
            yield f"It {_reason(last)}. Nothing was merged, built or deployed."
            yield f"{task.id} is now in the {task.queue} queue, for whoever can make it fit."
        elif told == DANGEROUS:
            yield from self._dangerous(last)
        else:
            yield f"Version {last.version or '?'} is the first; there was none to compare it with."

    def _good(self, last: Deployment) -> Iterator[str]:
        requests, errors = self._measured(last)
        steps = " → ".join(f"{share} %" for share in self._shares(last))
        yield f"Proven in staging, approved, then {steps} of production's customers."
        yield f"The new version answered {requests:,} requests while watched; {errors:,} failed."
        plan = self._plan(last)
        if plan and plan.migrations:
            paths = ", ".join(one.path for one in plan.migrations)
            yield f"{paths} only adds, so both versions served side by side. A backup was restored first."
        if any(event.kind == "workspace" for event in self._events(last)):
            yield "Its workspace was destroyed."

    def _bad(self, last: Deployment) -> Iterator[str]:
        yield f"Staging had no complaint. In production: {_reason(last)}."
        events = self._events(last)
        verdict = next((one.at for one in events if one.kind == "verdict"), None)
        given = next((one.at for one in events if one.kind == "moved_on" and "traffic" in one.text), None)
        back = next((one.at for one in events if one.kind == "undone"), None)
        if verdict and given and back:
            yield (
                f"Caught {verdict - given:.1f} s after the first customer; {back - verdict:.1f} s later all "
                "customers were with the old version again."
            )
        for task in self._fixes():
            yield f"Fix task {task.id}: {task.title}"

    def _dangerous(self, last: Deployment) -> Iterator[str]:
        yield f"{_reason(last)}."
        yield "Nothing was merged, built or deployed; it is tried again when something about it changes."
        bad = self._last(self._errand(BAD))
        environment = self.app.settings.environment("production")
        for lock in self._store.quarantine.active(environment.name, environment.service):
            yield (
                f"It would have met a lock, too: {lock.environment} refuses {lock.commit[:10]} of change "
                f"{lock.change}, and all that contains it, until somebody lifts that."
            )
        if revert := self._revert(bad):
            title = self._store.changes.record(revert).title
            yield f"Prepared for that: change {revert}, {title}."

    def _errand(self, told: Chapter) -> Errand:
        return next(errand for errand in self.errands if errand.name == told.name)

    def _last(self, errand: Errand) -> Deployment | None:
        return next(iter(self._store.deployments.latest(task=errand.task, limit=1)), None)

    def _events(self, row: Deployment) -> tuple[Event, ...]:
        return self._store.events.of(row.id)

    def _plan(self, row: Deployment) -> Plan | None:
        return self._store.plans.plan(row.plan_hash) if row.plan_hash else None

    def _shares(self, row: Deployment) -> list[int]:
        """The shares that the new version had, one after the other; only those that happened."""
        plan = self._plan(row)
        made = [int(one.data["index"]) for one in self._events(row) if one.kind == "moved_on"]
        moves = [plan.moves[index].move for index in made] if plan else []
        watched = self._store.watches.of(row.id)
        slot = watched[0].slot if watched else ""
        return [move.weights.get(slot, 0) for move in moves if isinstance(move, SetTraffic)]

    def _measured(self, row: Deployment) -> tuple[int, int]:
        """Requests that the new version answered while it was watched, and how many of them failed."""
        watches = self._store.watches.of(row.id)
        samples = [
            one
            for watch in watches
            for one in self._store.watches.samples(watch.id)
            if one.slot == watch.slot
        ]
        sums = totals(samples)
        return sums.requests, sums.errors

    def _fixes(self) -> list[Task]:
        bad = self._errand(BAD).task
        return [task for task in self._store.tasks.all() if task.discovered_from == bad]

    def _revert(self, bad: Deployment | None) -> str | None:
        events = self._events(bad) if bad else ()
        return next((one.data.get("change") for one in events if one.kind == "revert"), None)


def _outcome(row: Deployment | None) -> str:
    """How it ended and where, in words."""
    if row is None:
        return "not begun"
    where = "before" if row.outcome in NEVER_BEGAN else "in"
    return f"{row.outcome or row.status} {where} {row.environment}".replace("_", " ")


def _reason(row: Deployment) -> str:
    """Why it ended so, without the name of the gate in front."""
    gate, _, said = row.reason.partition(": ")
    is_gate = row.outcome in (Outcome.BLOCKED, Outcome.CONFLICT) and " " not in gate
    return said if is_gate else row.reason


def _instead(last: Deployment | None, task: Task) -> Iterator[str]:
    """What to say about an end that the demo does not have in its script."""
    if last is None:
        yield f"It waits for {', '.join(task.depends_on)}." if task.depends_on else "Nobody has begun it yet."
    elif last.outcome is Outcome.HELD:
        yield "You held it, so nothing was changed."
    elif last.status is not Status.FINISHED:
        yield f"It has not ended: {last.stage or last.status}. It goes on with: orchestrate demo"
    else:
        yield last.reason


def program(folder: Path) -> str:
    """How to call us from `folder`."""
    if shutil.which("orchestrate"):
        return "orchestrate"
    ours = Path(sys.executable).with_name("orchestrate")
    return near(str(ours), folder)


def near(path: str, folder: Path | None = None) -> str:
    """A path as seen from `folder` (None: from here), where that is shorter."""
    seen = relpath(path, folder)
    return seen if len(seen) < len(path) else path


def _commands(
    name: str, bad: Deployment | None, fixes: Sequence[str], revert: str | None, dangerous: str | None
) -> Iterator[Command]:
    for fix in fixes[:1]:
        yield Command(words=f"{name} task show {fix}", what="the fix task: log, stack trace, numbers")
    if bad:
        yield Command(words=f"{name} deploy status {bad.id}", what="all about change 2 in production")
    if revert:
        yield Command(words=f"{name} change show {revert}", what="the revert that waits for a review")
    if dangerous:
        validate = f"{name} deploy validate --env production --change {dangerous}"
        yield Command(words=validate, what="what production's gates say of change 4, the lock included")
    yield Command(words=f"{name} deploy history", what="everything that was deployed")
