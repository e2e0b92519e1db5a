"""Our side of a story, put together from the twins around it as the application is from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agents.announcer import Announcer
from agents.assessor import RiskAssessor
from agents.conflict_resolver import ConflictResolver
from agents.deployer import Deployer
from agents.migration_reviewer import MigrationReviewer
from agents.planner import Planner
from agents.triager import Triager
from graphs.steps.crew import Crew, Statuses
from orchestrate.errors import UnknownEnvironment
from orchestrate.models.environment import Environment
from orchestrate.models.fact import digest
from orchestrate.sight import Sight
from orchestrate.store import Store
from tests.stories.places import OWNERS, PEOPLE, person
from tests.stories.twins import Outside
from tools.executor import Executor
from tools.guards import Guards
from tools.hearing import Hearing
from tools.place import Place
from tools.survey import Survey
from tools.systems.own_memory import StoreMemory, StoreReservations
from tools.voice import Voice


@dataclass(frozen=True)
class Assembly:
    """The parts of our side, each made when it is first asked for."""

    folder: Path
    store: Store
    around: Outside
    environments: dict[str, Environment]

    def place(self, name: str) -> Place:
        """Raises UnknownEnvironment."""
        if name not in self.environments:
            raise UnknownEnvironment(name, sorted(self.environments))
        provider = self.around.providers[name]
        return Place(
            environment=self.environments[name],
            provider=provider,
            addresses=provider,
            logs=provider,
            metrics=self.around.metrics,
            series=self.around.series,
            targets=self.around.targets(self.environments[name]),
            secret=lambda _: "secret",
        )

    def environment(self, name: str) -> Environment:
        return self.place(name).environment

    def settings_digest(self, name: str) -> str:
        return digest(self.environments[name])

    def sight(self, deployment: str) -> Sight:
        return Sight(self.store, self.place, self.around.forge, deployment)

    @cached_property
    def survey(self) -> Survey:
        return Survey(
            store=self.store,
            tasks=self.around.tracker,
            forge=self.around.forge,
            source=self.around.forge,
            signatures=self.around.signatures,
            places=self.place,
            people=PEOPLE,
        )

    @cached_property
    def hearing(self) -> Hearing:
        return Hearing(
            store=self.store, thread=self.around.tracker, environment=self.environment, person=person
        )

    @cached_property
    def executor(self) -> Executor:
        around = self.around
        guards = Guards(self.store, self.environment, self.settings_digest, self.hearing, around.signatures)
        return Executor(self.store, guards.by_class)

    @cached_property
    def voice(self) -> Voice:
        return Voice(self.executor, self.around.tracker, self.around.tracker)

    @cached_property
    def planner(self) -> Planner:
        around = self.around
        assessor = RiskAssessor(around.model, around.forge.diff)
        return Planner(around.model, assessor=assessor, is_worth_asking=around.is_worth_asking)

    @cached_property
    def crew(self) -> Crew:
        around, notes = self.around, self.store if self.around.has_notes else None
        return Crew(
            store=self.store,
            executor=self.executor,
            voice=self.voice,
            survey=self.survey,
            hearing=self.hearing,
            planner=self.planner,
            triager=Triager(around.model, self.sight),
            reviewer=MigrationReviewer(around.model),
            deployer=Deployer(around.model, self.sight),
            resolver=ConflictResolver(around.model),
            announcer=Announcer(around.model),
            inspection=around.inspection,
            forge=around.forge,
            source=around.forge,
            reverts=around.forge,
            conflicts=around.forge,
            memory=around.memory or (StoreMemory(notes.learnings) if notes else None),
            reservations=around.reservations or (StoreReservations(notes.reservations) if notes else None),
            places=self.place,
            people=PEOPLE,
            owners=OWNERS,
            settings_digest=self.settings_digest,
            statuses=Statuses(),
            workspaces=self.folder / "workspaces",
            showcase=around.showcase,
            workflows=around.workflows,
            queue=around.forge.queue,
        )
