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

from graphs import deployment
from graphs.steps.chores import repeat
from graphs.steps.crew import Crew
from graphs.steps.park import Park
from orchestrate.answers import Answers
from orchestrate.app import steps
from orchestrate.intake import Intake
from orchestrate.models.change import Change, Check, CheckState, NewChange, Review, ReviewVerdict, Version
from orchestrate.models.deployment import DecisionKind, Deployment, ForChecks, ForTime, Request, Status
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.question import Question
from orchestrate.models.rehearsed import expected
from orchestrate.models.task import Comment, NewTask, Priority, Queue, Task
from orchestrate.positions.on_sqlite import SqlitePositions
from orchestrate.positions.serializer import SealedSerializer
from orchestrate.postman import Postman
from orchestrate.records import Records
from orchestrate.runner import Graph, Runner
from orchestrate.store import Store
from orchestrate.unblocking import Unblocking
from orchestrate.watching import Watching
from tests.stories.assembly import Assembly
from tests.stories.places import OWNERS, production
from tests.stories.twins import Clock, Outside, outside
from tools.sampler import Sampler
from tools.tasks import BOT

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
    given = environments or (production(folder),)
    by_name = {one.name: expected(one, given) for one in given}
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
    ours = Assembly(folder, store, around, environments)
    records = Records(store, folder / "reports", OWNERS)
    return World(
        **vars(around),
        store=store,
        environments=environments,
        runner=Runner(
            store=store,
            graph=(graph_of or graph_on)(ours.crew, saver),
            saver=saver,
            parking=Park(ours.crew),
            records=records,
            worker="test",
        ),
        intake=Intake(
            store=store, tasks=around.tracker, environment=ours.environment, flow=tuple(environments)
        ),
        answers=Answers(
            store=store, tasks=around.tracker, voice=ours.voice, hearing=ours.hearing, worker="test"
        ),
        watching=Watching(store=store, places=ours.place, sampler=Sampler(around.clock)),
        unblocking=unblocking(ours),
        postman=Postman(store=store, repeat=partial(repeat, ours.crew), records=records, worker="test"),
        crew=ours.crew,
    )


def unblocking(ours: Assembly) -> Unblocking:
    """Whoever looks again at what gates stopped."""
    tracker, statuses = ours.around.tracker, ours.crew.statuses
    return Unblocking(
        store=ours.store,
        tasks=tracker,
        desk=tracker,
        survey=ours.survey,
        blocked=statuses.blocked,
        ready=statuses.ready,
    )
