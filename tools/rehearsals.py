"""Rehearsals: what the store knows of a version's way back in the environment before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrate.errors import UnknownDeployment
from orchestrate.models.change import Version
from orchestrate.models.deployment import Deployment, Kind, Outcome, Request, Status
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.plan import Plan
from orchestrate.models.rehearsed import Rehearsal, Trial, cannot
from orchestrate.rehearsal import rehearsed, rehearsed_at
from orchestrate.store import Store
from tools.moves import MOVE, PlacedMove
from tools.place import Places
from tools.promotion import before

PAGE = 100  # deployments that are read at once


@dataclass(frozen=True)
class Run:
    """One deployment that brought the version to the environment before, or tried to."""

    deployment: str
    plan: Plan | None  # None: it is no longer kept
    made: int  # place in the plan of the last move that was begun; -1: none was
    is_verified: bool


@dataclass(frozen=True)
class Rehearsals:
    """Reads from the store what became of the rehearsals of a version."""

    store: Store
    places: Places

    def of(self, here: Environment, request: Request, version: Version | None) -> tuple[Rehearsal, ...]:
        """One for each component of production; () where no environment comes before, or it goes back."""
        name = before(self.store, here, request)
        is_asked = here.type is EnvironmentType.PRODUCTION and request.kind is not Kind.ROLLBACK
        if name is None or not is_asked:
            return ()
        source = self.places(name).environment
        if version is None:
            why = "the version is not known"
            return tuple(_plain(one, source, Trial.UNTOLD, why) for one in here.components)
        runs = tuple(self._runs(source, version))
        is_expected = here.gates.promoted_from is not None and source.rehearse_rollback is not False
        return tuple(_expecting(_found(one, source, runs), source, is_expected) for one in here.components)

    def _runs(self, source: Environment, version: Version) -> Iterator[Run]:
        """Those of this version, newest first: what is older than the newest good one does not matter."""
        good = self.store.verified.those(source.name, source.service, version.tree)
        yield from self._failed(source, version, good[0] if good else None)
        for deployment in good:
            plan = self._plan(deployment)
            yield Run(deployment, plan, -1, is_verified=True)

    def _failed(self, source: Environment, version: Version, since: str | None) -> Iterator[Run]:
        for row in self._ended(source, since):
            if row.outcome is Outcome.DEPLOYED or not row.plan_hash:
                continue
            plan = self.store.plans.of(row.id)
            if plan.version.tree == version.tree:
                yield Run(row.id, plan, self._made(row.id), is_verified=False)

    def _ended(self, source: Environment, since: str | None) -> Iterator[Deployment]:
        """What ended there after `since`, newest first; the newest alone where nothing was verified."""
        last: str | None = None
        while page := self.store.deployments.latest(
            environment=source.name, service=source.service, status=Status.FINISHED, limit=PAGE, before=last
        ):
            yield from (row for row in page if since is None or row.id > since)
            last = page[-1].id
            if since is None or last <= since:
                return

    def _made(self, deployment: str) -> int:
        made = (one for one in self.store.effects.of(deployment) if one.name == MOVE)
        return max((PlacedMove.model_validate_json(one.args).index for one in made), default=-1)

    def _plan(self, deployment: str) -> Plan | None:
        try:
            row = self.store.deployments.deployment(deployment)
        except UnknownDeployment:
            return None
        return self.store.plans.of(deployment) if row.plan_hash is not None else None


def _plain(part: Component, source: Environment, trial: Trial, why: str) -> Rehearsal:
    return Rehearsal(component=part.name, environment=source.name, trial=trial, why=why)


def _expecting(found: Rehearsal, source: Environment, is_expected: bool) -> Rehearsal:
    """What is missing where nobody expects it was chosen to be missing."""
    if is_expected or not found.stands_against:
        return found
    is_chosen = source.rehearse_rollback is False
    chosen = (
        "rehearse_rollback: false was chosen there" if is_chosen else "nothing is promised to come from it"
    )
    failed = f"; it failed in {found.deployment}" if found.trial is Trial.FAILED else ""
    return found.model_copy(update={"trial": Trial.OFF, "why": f"{chosen}{failed}"})


def _found(part: Component, source: Environment, runs: Sequence[Run]) -> Rehearsal:
    """What the newest run that tried it tells; else why the newest one did not."""
    there = next((one for one in source.components if one.name == part.name), None)
    if there is None:
        return _plain(part, source, Trial.IMPOSSIBLE, "it has no such component")
    if source.type is EnvironmentType.PRODUCTION:
        return _plain(part, source, Trial.IMPOSSIBLE, "people are served there")
    told = [found for one in runs if (found := _told(there, source, one)) is not None]
    tried = (one for one in told if one.trial in (Trial.DONE, Trial.FAILED))
    return next(tried, None) or next(iter(told), None) or _never(there, source, runs)


def _never(there: Component, source: Environment, runs: Sequence[Run]) -> Rehearsal:
    if why := cannot(there, source.strategy_of(there)):
        return _plain(there, source, Trial.IMPOSSIBLE, why)
    why = "it came there in the place of itself" if runs else "this version was not verified there"
    return _plain(there, source, Trial.MISSING, why)


def _told(there: Component, source: Environment, run: Run) -> Rehearsal | None:
    """What one run tells about the way back; None: nothing, as it did not come so far, or came to itself."""
    found = Rehearsal(
        component=there.name, environment=source.name, trial=Trial.MISSING, deployment=run.deployment
    )
    if run.plan is None:
        return found.model_copy(update={"trial": Trial.UNTOLD, "why": "its plan is no longer kept"})
    span = rehearsed_at(run.plan, there.name)
    if not run.is_verified:
        is_failed = run.made in span
        why = "the deployment ended in the midst of it"
        return found.model_copy(update={"trial": Trial.FAILED, "why": why}) if is_failed else None
    if span:
        version = rehearsed(run.plan, there.name)
        return found.model_copy(update={"trial": Trial.DONE, "version": version})
    return _untried(found, there, run.plan)


def _untried(found: Rehearsal, there: Component, plan: Plan) -> Rehearsal | None:
    """Why a plan that was carried out has no rehearsal of the component."""
    ship = next((one for one in plan.ships if one.component == there.name), None)
    if ship is None or ship.from_version is None:
        why = "it was the first version there"
    elif ship.from_version.tree == plan.version.tree:
        return None
    else:
        why = cannot(there, ship.strategy, plan.one_way)
    return found.model_copy(update={"trial": Trial.IMPOSSIBLE, "why": why}) if why else found
