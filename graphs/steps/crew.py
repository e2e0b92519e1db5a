"""The crew: whom the steps ask, and what every step needs to know about where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from langgraph.runtime import Runtime

from agents.announcer import Announcer
from agents.conflict_resolver import ConflictResolver
from agents.deployer import Deployer
from agents.migration_reviewer import MigrationReviewer
from agents.model import NoModel
from agents.situation import Situation
from agents.triager import Triager
from graphs import patience
from graphs.state import Drive, State
from orchestrate.errors import OrchestrateError
from orchestrate.models.deployment import Failure, Stage, Told
from orchestrate.models.environment import Component, Person
from orchestrate.models.owners import Owners
from orchestrate.models.plan import Plan
from orchestrate.store import Store
from tools.executor import Errand, Executor
from tools.hearing import Hearing
from tools.inspection import Inspection
from tools.merge import Forge, Reverts, Source
from tools.moves import Mover
from tools.place import Place, Places
from tools.queueing import MergeQueue
from tools.remembering import Memory
from tools.reserving import Reservations
from tools.resolving import Conflicts
from tools.showing import Showcase
from tools.survey import Survey
from tools.voice import Voice
from tools.workflows import Watched

Step = Callable[..., Awaitable[State]]


class Planner(Protocol):
    """Whoever knows how to ship a version."""

    async def plan(self, situation: Situation) -> Plan:
        """Propose how to bring the version to its environment."""
        ...


LOG_LINES = 400
"""Lines of each version's log that are read as evidence."""

NEW, OLD = "new/", "old/"
"""Which version a piece of captured log is from, as the beginning of its source."""


EXCERPT = 2000
"""Characters of the new version's log that reports show."""

MOST_SAID = 800
"""Bytes of an error or a reason that travel in a position; the story and the logs keep all of it."""

WHOLE_STORY = 100_000


@dataclass(frozen=True)
class Statuses:
    """What the tracker calls the states of a task."""

    ready: str = "Ready to Deploy"
    deploying: str = "Deploying"
    deployed: str = "Deployed"
    blocked: str = "Blocked"
    held: str = "On hold"
    failed: str = "Failed"
    open: str = "Open"
    done: str = "Done"


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Everybody a step may ask."""

    store: Store
    executor: Executor
    voice: Voice
    survey: Survey
    hearing: Hearing
    planner: Planner
    triager: Triager
    reviewer: MigrationReviewer = MigrationReviewer()
    deployer: Deployer = Deployer()
    resolver: ConflictResolver = ConflictResolver()
    inspection: Inspection
    forge: Forge
    source: Source
    announcer: Announcer = Announcer()
    reverts: Reverts
    conflicts: Conflicts | None = None
    memory: Memory | None = None
    reservations: Reservations | None = None
    reserved_for: float = 7_200.0  # seconds, for whoever cannot be told when it is over
    waits_for_files: float = 1_800.0  # seconds, while somebody else has reserved them
    places: Places
    people: Sequence[Person]
    owners: Owners
    settings_digest: Callable[[str], str]
    statuses: Statuses
    workspaces: Path
    showcase: Showcase | None = None
    workflows: Watched | None = None
    queue: MergeQueue | None = None  # of the forge, where it has one

    @property
    def has_model(self) -> bool:
        """Whether anybody can be asked for advice."""
        return not isinstance(self.reviewer.model, NoModel)

    def place(self, state: State) -> Place:
        return self.places(state["request"].environment)

    def plan(self, state: State) -> Plan:
        """The plan with the hash that the state names; the door to effects hashes it again each time."""
        return self.store.plans.proven(state["plan"])

    def errand(self, state: State, stage: Stage, runtime: Runtime[Drive], *told: Told) -> Errand:
        """Where we are, under the lease of this drive; the row is told, and the story what it begins with."""
        lease = runtime.context.lease
        self.store.deployments.entered(lease, stage, told)
        plan = state.get("plan")
        return Errand(deployment=state["deployment"], stage=stage, lease=lease, plan_hash=plan)

    def event(self, at: Errand, kind: str, text: str, **data: str) -> None:
        """A line in the deployment's story."""
        self.store.events.add(at.deployment, at.stage, kind, text, data)

    def may_still_come(self, at: Errand, seconds: float = patience.HALF_WAY) -> bool:
        """Whether the outside, silent at this stage, is to be waited for any longer."""
        story = self.store.events.of(at.deployment, limit=WHOLE_STORY)
        return patience.may_still_come(story, at.stage, self.store.clock(), seconds)

    def mover(self, state: State, at: Errand) -> Mover:
        """Whoever makes moves in the environment; what is said goes to the deployment's log."""
        return Mover(place=self.place(state), source=self.source, say=self.line(at), deployment=at.deployment)

    def line(self, at: Errand) -> Callable[[str], None]:
        """Where a tool's progress goes: the deployment's log."""
        return lambda text: self.store.logs.add(at.deployment, at.stage, text)

    async def lines(self, state: State, component: Component, slot: str) -> tuple[str, ...]:
        """The end of a slot's log; when it cannot be read, one line that says so."""
        try:
            return await self.place(state).logs.tail(component, slot, LOG_LINES)
        except (OrchestrateError, OSError) as problem:
            return (f"the log of {slot} could not be read: {problem}",)

    def excerpt(self, failure: Failure, at: Errand) -> Failure:
        """The failure with the end of what the new version wrote, as the logs keep it."""
        kept = [one.text for one in self.store.logs.read(at.deployment) if one.source.startswith(NEW)]
        return failure.model_copy(update={"log_excerpt": "\n".join(kept)[-EXCERPT:]})
