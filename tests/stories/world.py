"""A small world in memory for stories: everything outside is a twin, the store and the graph are real."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agents.model import NoModel
from agents.planner import Planner
from agents.triager import Triager
from graphs import deployment
from graphs.steps.crew import Crew, Statuses
from graphs.steps.park import Park
from orchestrate.answers import Answers
from orchestrate.app import steps, typed
from orchestrate.errors import UnknownEnvironment
from orchestrate.intake import Intake
from orchestrate.models.change import Change, Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.deployment import DecisionKind, Deployment, Request, Status
from orchestrate.models.environment import (
    CanaryStep,
    Channel,
    Component,
    Environment,
    EnvironmentType,
    Gates,
    Monitoring,
    Person,
    Role,
    Strategy,
    Triggers,
)
from orchestrate.models.fact import digest
from orchestrate.models.move import SetTraffic, Start
from orchestrate.models.runtime import Running
from orchestrate.models.sample import Counters, SampleState
from orchestrate.models.task import NewTask, Priority, Queue, Task
from orchestrate.runner import Runner
from orchestrate.store import Store
from orchestrate.watching import Watching
from tools.executor import Executor
from tools.guards import Guards
from tools.inspection import Inspection, Point
from tools.memory_forge import MemoryChanges, MemoryForge
from tools.place import Place
from tools.provider import MemoryProvider
from tools.sampler import Sampler
from tools.survey import Survey
from tools.tasks import MemoryTracker
from tools.voice import Voice

ADA = Person(name="ada", identities={Channel.CLI: "ada", Channel.TRACKER: "ada"}, roles=(Role.APPROVER,))
MIRA = Person(name="mira", identities={Channel.FORGE: "mira"})


@dataclass
class Clock:
    """Time that passes when the story says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class SteadyMetrics:
    """Every running slot serves a hundred requests between two looks, and fails as told."""

    clock: Clock
    failing: dict[str, float] = field(default_factory=dict[str, float])  # slot → share of requests that fail
    state: SampleState = SampleState.OK

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        if self.state is not SampleState.OK:
            return {slot.name: self.state for slot in running.slots}
        return {slot.name: self._counters(slot.name) for slot in running.slots if slot.version}

    def _counters(self, slot: str) -> Counters:
        requests = int(self.clock() - 1_799_999_000) * 100
        return Counters(requests=requests, errors=int(requests * self.failing.get(slot, 0.0)))


@dataclass(kw_only=True)
class World:
    """Everything a story touches."""

    clock: Clock
    store: Store
    tracker: MemoryTracker
    forge: MemoryForge
    records: MemoryChanges
    provider: MemoryProvider
    metrics: SteadyMetrics
    environments: dict[str, Environment]
    runner: Runner
    intake: Intake
    answers: Answers
    watching: Watching
    crew: Crew

    async def begin(self) -> None:
        """Version one is on main, and live in every environment."""
        self.forge.write("main", {"app.py": "one"}, "Version one")
        first = await self.forge.version("main")
        for environment in self.environments.values():
            for part in environment.components:
                await self.provider.build(part, first, self.forge.checkout, lambda _: None)
                start = Start(component=part.name, slot="blue", version=first, instances=part.instances)
                await self.provider.apply(part, start, lambda _: None)
                if part.port:
                    share = SetTraffic(component=part.name, was={}, weights={"blue": 100})
                    await self.provider.apply(part, share, lambda _: None)

    async def task(self, change: Change, **words: object) -> Task:
        """A task in the deploy queue that ships `change`."""
        new = NewTask(
            title=change.title,
            description="",
            queue=Queue.DEPLOY,
            status="Ready to Deploy",
            priority=Priority.P2,
            marker="",
            change=change.id,
        )
        return await self.tracker.create(new.model_copy(update=words))

    async def approve(self, deployment: str, kind: DecisionKind = DecisionKind.APPROVED) -> None:
        """Ada answers the open question."""
        question = next(one for one in self.store.questions.for_deployment(deployment) if one.is_open)
        await self.answers.decide(question.id, kind, Channel.CLI, "ada", str(kind))

    async def go(self, deployment: str, *, most: int = 200) -> Deployment:
        """Drive until it ends or waits for a person; time passes while it only waits for time."""
        for _ in range(most):
            row = await self.runner.drive(deployment)
            if row.status is Status.FINISHED:
                return row
            if row.waits_for is None or row.waits_for.kind != "time":
                return row
            self.clock.now += 1
            await self.watching.look()
        raise AssertionError(f"{deployment} came to no end: {self.store.deployments.deployment(deployment)}")

    async def propose(self, branch: str, files: dict[str, str | None], *, author: str = "mira") -> Change:
        """A change that is reviewed and green."""
        self.forge.write(branch, files, f"Work on {branch}", since="main")
        change = await self.forge.open(
            NewChange(branch=branch, base="main", title=f"Work on {branch}", author=author)
        )
        at = datetime.fromtimestamp(self.clock.now, UTC)
        self.records.review(
            change.id, Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=change.head, at=at)
        )
        self.records.check(change.id, Check(name="tests", state=CheckState.PASSED, sha=change.head))
        return await self.forge.change(change.id)

    def accept(self, environment: str, **words: object) -> Deployment:
        """Ask for a deployment."""
        return self.intake.accept(Request(environment=environment, requested_by="rob", **words))  # pyright: ignore[reportArgumentType]

    async def texts(self, task: str) -> str:
        """The whole thread, as one text."""
        return "\n---\n".join(comment.text for comment in await self.tracker.comments(task))

    def stages(self, deployment: str) -> list[str]:
        """The stages it went through."""
        return [one.text for one in self.store.events.of(deployment) if one.kind == "stage"]


class CalmInspection(Inspection):
    """Believes the provider, and asks no address: in memory nothing listens."""

    async def _smoke(self, place: Place, component: Component, before: Mapping[str, str]) -> list[Point]:
        return []


def production(root: Path, **words: object) -> Environment:
    """A production environment with one component, short windows and an approver."""
    given: dict[str, object] = {
        "name": "production",
        "type": EnvironmentType.PRODUCTION,
        "service": "shop",
        "components": (Component(name="web", port=8080, run=("serve",), instances=2),),
        "strategy": Strategy.CANARY,
        "canary": (CanaryStep(share=10, seconds=5), CanaryStep(share=50, seconds=5)),
        "approvers": ("ada",),
        "gates": Gates(checks=("tests",), reviews=1),
        "triggers": Triggers(window=2, minimum_requests=20),
        "monitoring": Monitoring(period=10, sample=1, report=4, alerts=("errors",)),
        "root": root / "production",
    }
    return Environment.model_validate(given | words)


@asynccontextmanager
async def world(
    folder: Path, *environments: Environment, clock: Clock | None = None
) -> AsyncGenerator[World, None]:
    """The world, with version one live everywhere."""
    time = clock or Clock()
    store = Store.open(f"sqlite:///{folder / 'store.db'}", clock=time)
    store.upgrade()
    async with AsyncSqliteSaver.from_conn_string(str(folder / "positions.db")) as saver:
        saver.serde = typed()
        made = _world(folder, store, time, saver, environments or (production(folder),))
        await made.begin()
        yield made
    store.close()


def _world(
    folder: Path, store: Store, clock: Clock, saver: AsyncSqliteSaver, environments: tuple[Environment, ...]
) -> World:
    by_name = {one.name: one for one in environments}
    records = MemoryChanges()
    tracker, forge, provider = MemoryTracker(clock=clock), MemoryForge(records), MemoryProvider()
    metrics = SteadyMetrics(clock)

    def place(name: str) -> Place:
        if name not in by_name:
            raise UnknownEnvironment(name, sorted(by_name))
        return Place(
            environment=by_name[name],
            provider=provider,
            addresses=provider,
            logs=provider,
            metrics=metrics,
            secret=lambda _: "secret",
        )

    survey = Survey(store=store, tasks=tracker, forge=forge, source=forge, places=place, people=(ADA, MIRA))

    def environment(name: str) -> Environment:
        return place(name).environment

    guards = Guards(store, environment, lambda name: digest(by_name[name]))
    executor = Executor(store, guards.by_class)
    voice = Voice(executor, tracker, tracker)
    crew = Crew(
        store=store,
        executor=executor,
        voice=voice,
        survey=survey,
        planner=Planner(NoModel()),
        triager=Triager(NoModel()),
        inspection=CalmInspection(),
        forge=forge,
        source=forge,
        reverts=forge,
        places=place,
        people=(ADA, MIRA),
        settings_digest=lambda name: digest(by_name[name]),
        statuses=Statuses(),
        workspaces=folder / "workspaces",
    )
    graph = deployment.workflow(steps(crew)).compile(checkpointer=saver)
    runner = Runner(store=store, graph=graph, saver=saver, parking=Park(crew), worker="test")
    return World(
        clock=clock,
        store=store,
        tracker=tracker,
        forge=forge,
        records=records,
        provider=provider,
        metrics=metrics,
        environments=by_name,
        runner=runner,
        intake=Intake(store=store, tasks=tracker, environment=environment, flow=tuple(by_name)),
        answers=Answers(
            store=store,
            tasks=tracker,
            forge=forge,
            voice=voice,
            environment=environment,
            person=lambda channel, identity: next(
                (one for one in (ADA, MIRA) if one.is_known_as(channel, identity)), None
            ),
            people=(ADA, MIRA),
            worker="test",
        ),
        watching=Watching(store=store, places=place, sampler=Sampler(clock)),
        crew=crew,
    )
