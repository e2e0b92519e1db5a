"""A small world in memory for stories: everything outside is a twin, the store and the graph are real."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver

from agents.announcer import Announcer
from agents.assessor import RiskAssessor
from agents.conflict_resolver import ConflictResolver
from agents.deployer import Deployer
from agents.migration_reviewer import MigrationReviewer
from agents.planner import Planner
from agents.triager import Triager
from graphs import deployment
from graphs.steps.chores import repeat
from graphs.steps.crew import Crew, Statuses
from graphs.steps.park import Park
from orchestrate.answers import Answers
from orchestrate.app import steps
from orchestrate.errors import UnknownEnvironment
from orchestrate.intake import Intake
from orchestrate.models.change import Change, Check, CheckState, NewChange, Review, ReviewVerdict, Version
from orchestrate.models.deployment import DecisionKind, Deployment, ForChecks, ForTime, Request, Status
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.fact import digest
from orchestrate.models.question import Question
from orchestrate.models.task import Comment, NewTask, Priority, Queue, Task
from orchestrate.positions.on_sqlite import SqlitePositions
from orchestrate.positions.serializer import SealedSerializer
from orchestrate.postman import Postman
from orchestrate.records import Records
from orchestrate.runner import Graph, Runner
from orchestrate.sight import Sight
from orchestrate.store import Store
from orchestrate.unblocking import Unblocking
from orchestrate.watching import Watching
from tests.stories.places import OWNERS, PEOPLE, person, production
from tests.stories.twins import Clock, Outside, outside
from tools.executor import Executor
from tools.guards import Guards
from tools.hearing import Hearing
from tools.place import Place
from tools.sampler import Sampler
from tools.survey import Survey
from tools.systems.own_memory import StoreMemory, StoreReservations
from tools.tasks import BOT
from tools.voice import Voice

__all__ = ["Clock", "World", "production", "world"]


@dataclass(kw_only=True)
class World(Outside):
    """Everything a story touches."""

    store: Store
    environments: dict[str, Environment]
    runner: Runner
    intake: Intake
    answers: Answers
    watching: Watching
    unblocking: Unblocking
    postman: Postman
    crew: Crew

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

    async def propose(self, branch: str, files: dict[str, str | None], *, author: str = "mira") -> Change:
        """A change that is reviewed and green."""
        self.forge.write(branch, files, f"Work on {branch}", since="main")
        new = NewChange(branch=branch, base="main", title=f"Work on {branch}", author=author)
        return await self.review(await self.forge.open(new))

    async def review(self, change: Change) -> Change:
        """Rob approves the head, and its checks pass."""
        at = datetime.fromtimestamp(self.clock.now, UTC)
        said = Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=change.head, at=at)
        self.records.review(change.id, said)
        self.records.check(change.id, Check(name="tests", state=CheckState.PASSED, sha=change.head))
        return await self.forge.change(change.id)

    def accept(self, environment: str, **words: object) -> Deployment:
        """Ask for a deployment."""
        given: dict[str, object] = {"environment": environment, "requested_by": "rob"}
        return self.intake.accept(Request.model_validate(given | words))

    async def ready(self, branch: str = "faster", **words: object) -> tuple[Deployment, Task, Change]:
        """A good change, its task, and its deployment to production, not driven yet."""
        change = await self.propose(branch, {f"{branch}.py": "new"})
        task = await self.task(change)
        return self.accept("production", task=task.id, change=change.id, **words), task, change

    async def asked(self, branch: str = "faster", **words: object) -> tuple[Deployment, Task, Change]:
        """A good change whose plan waits for Ada."""
        deployment, task, change = await self.ready(branch, **words)
        return await self.go(deployment.id), task, change

    async def approved(self, branch: str = "faster", **words: object) -> tuple[Deployment, Task, Change]:
        """A good change whose plan Ada approved, not driven on yet."""
        deployment, task, change = await self.asked(branch, **words)
        await self.approve(deployment.id)
        return deployment, task, change

    async def approve(self, deployment: str, kind: DecisionKind = DecisionKind.APPROVED) -> None:
        """Ada answers the open question."""
        await self.answers.decide(self.question(deployment).id, kind, Channel.CLI, "ada", str(kind))

    async def go(self, deployment: str, *, most: int = 400, tick: float = 1) -> Deployment:
        """Drive when it is due, until it ends or waits for somebody; meanwhile time passes."""
        for _ in range(most):
            if self.is_due(deployment):
                await self.runner.drive(deployment)
            await self.postman.look()
            row = self.store.deployments.deployment(deployment)
            is_due = self.is_due(deployment)
            if row.status is Status.FINISHED or not (
                is_due or isinstance(row.waits_for, ForTime | ForChecks)
            ):
                return row
            if not is_due:
                await self.wait(tick)
        raise AssertionError(f"{deployment} came to no end: {self.store.deployments.deployment(deployment)}")

    async def told(self) -> None:
        """Time passes until people were told everything, or it was given up."""
        for tried in range(1000):
            await self.postman.look()
            if not self.store.outbox.owed():
                return
            self.clock.now += min(5 + tried, 300)
        raise AssertionError(f"nobody was told: {self.store.outbox.owed()}")

    def is_due(self, deployment: str) -> bool:
        """Whether a worker would drive it now."""
        return deployment in self.store.deployments.due(self.clock.now)

    async def wait(self, seconds: float) -> None:
        """Time passes, and what is watched is sampled in the end."""
        self.clock.now += seconds
        await self.watching.look()

    def question(self, deployment: str) -> Question:
        """The question that is open."""
        return next(one for one in self.store.questions.for_deployment(deployment) if one.is_open)

    async def says(self, who: str, text: str, task: str) -> Comment:
        """Somebody's words on the thread, and the worker reads it."""
        said = await self.tracker.say(task, who, text)
        await self.answers.read()
        return said

    def live(self, environment: str = "production", component: str = "web") -> Version:
        """What people reach."""
        version = self.providers[environment].live(component).version
        assert version is not None
        return version

    def change_settings(self, **words: object) -> None:
        """Somebody edits production's settings."""
        self.environments["production"] = self.environments["production"].model_copy(update=words)

    async def announced(self) -> list[Task]:
        """What was announced, oldest first."""
        return [one for one in await self.tracker.tasks() if one.queue is Queue.ANNOUNCE]

    async def said(self, task: str, words: str) -> list[str]:
        """Our own comments on the thread that hold `words`."""
        thread = await self.tracker.comments(task)
        return [one.text for one in thread if one.author == BOT and words in one.text]

    def stages(self, deployment: str) -> list[str]:
        """The stages it went through."""
        return [one.text for one in self.store.events.of(deployment) if one.kind == "stage"]


@asynccontextmanager
async def world(
    folder: Path, *environments: Environment, clock: Clock | None = None
) -> AsyncGenerator[World, None]:
    """The world, with version one live everywhere."""
    by_name = {one.name: one for one in environments or (production(folder),)}
    around = outside(tuple(by_name), clock or Clock())
    await around.begin(by_name)
    async with assembled(folder, around, by_name) as made:
        yield made


@asynccontextmanager
async def assembled(
    folder: Path, around: Outside, environments: dict[str, Environment]
) -> AsyncGenerator[World, None]:
    """Our side, on a store that is made when the folder has none."""
    file = folder / "store.db"
    if not file.exists():
        shutil.copy(_empty_store(), file)
    store = Store.open(f"sqlite:///{file}", clock=around.clock)
    with SqlitePositions.from_conn_string(str(folder / "positions.db")) as saver:
        saver.serde = SealedSerializer(lambda: POSITIONS_KEY)
        yield built(folder, store, saver, around, environments)
    store.close()


def graph_on(crew: Crew, saver: BaseCheckpointSaver[str]) -> Graph:
    """The real graph."""
    return deployment.workflow(steps(crew)).compile(checkpointer=saver)


POSITIONS_KEY = bytes(range(32))
_TEMPLATES = tempfile.TemporaryDirectory(prefix="stories-")


@cache
def _empty_store() -> Path:
    file = Path(_TEMPLATES.name) / "store.db"
    store = Store.open(f"sqlite:///{file}")
    store.upgrade()
    store.close()
    return file


def built(
    folder: Path,
    store: Store,
    saver: BaseCheckpointSaver[str],
    around: Outside,
    environments: dict[str, Environment],
    graph_of: Callable[[Crew, BaseCheckpointSaver[str]], Graph] | None = None,
) -> World:
    """Our side, put together."""
    tracker, forge = around.tracker, around.forge

    def place(name: str) -> Place:
        if name not in environments:
            raise UnknownEnvironment(name, sorted(environments))
        provider = around.providers[name]
        return Place(
            environment=environments[name],
            provider=provider,
            addresses=provider,
            logs=provider,
            metrics=around.metrics,
            series=around.series,
            targets=around.targets(environments[name]),
            secret=lambda _: "secret",
        )

    def environment(name: str) -> Environment:
        return place(name).environment

    def sight(deployment: str) -> Sight:
        return Sight(store, place, forge, deployment)

    survey = Survey(
        store=store,
        tasks=tracker,
        forge=forge,
        source=forge,
        signatures=around.signatures,
        places=place,
        people=PEOPLE,
    )
    hearing = Hearing(store=store, thread=tracker, environment=environment, person=person)
    guards = Guards(store, environment, lambda name: digest(environments[name]), hearing, around.signatures)
    executor = Executor(store, guards.by_class)
    voice = Voice(executor, tracker, tracker)
    statuses = Statuses()
    crew = Crew(
        store=store,
        executor=executor,
        voice=voice,
        survey=survey,
        hearing=hearing,
        planner=Planner(
            around.model,
            assessor=RiskAssessor(around.model, forge.diff),
            is_worth_asking=around.is_worth_asking,
        ),
        triager=Triager(around.model, sight),
        reviewer=MigrationReviewer(around.model),
        deployer=Deployer(around.model, sight),
        resolver=ConflictResolver(around.model),
        announcer=Announcer(around.model),
        inspection=around.inspection,
        forge=forge,
        source=forge,
        reverts=forge,
        conflicts=forge,
        memory=around.memory or (StoreMemory(store.learnings) if around.has_notes else None),
        reservations=around.reservations
        or (StoreReservations(store.reservations) if around.has_notes else None),
        places=place,
        people=PEOPLE,
        owners=OWNERS,
        settings_digest=lambda name: digest(environments[name]),
        statuses=statuses,
        workspaces=folder / "workspaces",
        showcase=around.showcase,
        workflows=around.workflows,
        queue=around.forge.queue,
    )
    graph = (graph_of or graph_on)(crew, saver)
    records = Records(store, folder / "reports", OWNERS)
    return World(
        **vars(around),
        store=store,
        environments=environments,
        runner=Runner(
            store=store,
            graph=graph,
            saver=saver,
            parking=Park(crew),
            records=records,
            worker="test",
        ),
        intake=Intake(store=store, tasks=tracker, environment=environment, flow=tuple(environments)),
        answers=Answers(store=store, tasks=tracker, voice=voice, hearing=hearing, worker="test"),
        watching=Watching(store=store, places=place, sampler=Sampler(around.clock)),
        unblocking=Unblocking(
            store=store,
            tasks=tracker,
            desk=tracker,
            survey=survey,
            blocked=statuses.blocked,
            ready=statuses.ready,
        ),
        postman=Postman(store=store, repeat=partial(repeat, crew), records=records, worker="test"),
        crew=crew,
    )
