"""A worker's life: a process that can end at any line, after which nothing of it reaches anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from sqlalchemy import Connection

from orchestrate.errors import StoreUnusable
from orchestrate.models.deployment import DecisionKind, Event, Lease, Stage
from orchestrate.models.effect import Effect
from orchestrate.models.question import Question
from orchestrate.models.sample import Counters, Judgement, Sample
from orchestrate.positions.on_sqlite import SqlitePositions
from orchestrate.store.database import Clock, Database
from orchestrate.store.effects import Effects
from orchestrate.store.events import Events
from orchestrate.store.questions import Questions
from orchestrate.store.watches import Watches
from tests.simulation.loop import VirtualLoop
from tests.simulation.record import Judged, Record
from tests.simulation.troubles import Swarm, Trouble


class Killed(BaseException):
    """What a dead process raises wherever it still wants something; no code of ours may catch it."""


@dataclass
class Life:
    """One process: while it lives, its doors are open."""

    party: str
    loop: VirtualLoop
    swarm: Swarm
    record: Record
    is_dead: bool = False

    def check(self) -> None:
        """Raises Killed when it is dead."""
        if self.is_dead:
            raise Killed(self.party)

    def end(self, where: str) -> None:
        """As kill -9 does."""
        if not self.is_dead:
            self.record.note(self.loop.time(), self.party, f"killed {where}")
            self.is_dead = True
            self.loop.kill(self.party)

    def passes(self, trouble: Trouble, share: float, where: str) -> None:
        """Pass a point, or end there."""
        self.check()
        if self.swarm.strikes(trouble, share):
            self.end(where)
            raise Killed(self.party)


class MortalDatabase(Database):
    """The store's database as one process sees it."""

    def __init__(self, like: Database, clock: Clock, life: Life) -> None:
        super().__init__(like.engine, clock, like.anchor)
        self._life = life

    def let_go(self) -> None:
        """Give the connection back; what is left of the process may not use it any more."""
        if self._here.direct is not None:
            self._here.direct.close()
            self._here.direct = None

    @contextmanager
    def reading(self) -> Generator[Connection]:
        self._life.check()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        self._life.check()
        if self._here.writes is None and self._life.swarm.strikes(Trouble.STORE, 0.002):
            self._life.record.note(self._life.loop.time(), self._life.party, "store locked")
            raise StoreUnusable("the database is locked", cure="try again")
        with super().writing() as connection:
            yield connection


@dataclass(frozen=True)
class Doing:
    """Under which effect a request is sent."""

    op: str = ""
    deployment: str = ""
    token: int = 0


DOING: ContextVar[Doing] = ContextVar("doing", default=Doing())  # noqa: B039 - it is frozen


class DyingEffects(Effects):
    """Remembers effects, with a point before and after each line that is written."""

    def __init__(self, database: Database, life: Life, meant: Callable[[str, str, str], None]) -> None:
        super().__init__(database)
        self._life, self._meant = life, meant

    def intend(self, lease: Lease, key: str, name: str, args_json: str) -> Effect:
        self._point("before intent", name)
        effect = super().intend(lease, key, name, args_json)
        self._meant(lease.deployment, name, args_json)
        holder = lease.deployment if lease.thread is None else f"letters of {lease.thread}"
        DOING.set(Doing(op=key, deployment=holder, token=lease.token))
        self._point("after intent", name)
        return effect

    def done(self, lease: Lease, key: str, receipt_json: str) -> None:
        self._point("after effect", key)
        super().done(lease, key, receipt_json)
        self._point("after receipt", key)

    def _point(self, where: str, name: str) -> None:
        self._life.passes(Trouble.CRASH_AT_DOOR, 0.01, f"{where} of {name}")


class DyingPositions(SqlitePositions):
    """Keeps positions for one process."""

    def __init__(self, connection: sqlite3.Connection, life: Life) -> None:
        super().__init__(connection)
        self._life = life

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self._life.check()
        return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._life.check()
        kept = await super().aput(config, checkpoint, metadata, new_versions)
        self._life.passes(Trouble.CRASH_AT_POSITION, 0.01, "after a position")
        return kept

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, object]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._life.check()
        await super().aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        self._life.check()
        await super().adelete_thread(thread_id)


class SeenEvents(Events):
    """Tells of events that somebody else wants to see as they happen."""

    def __init__(self, database: Database, seen: Callable[[Event], None]) -> None:
        super().__init__(database)
        self._seen = seen

    def add(
        self, deployment: str, stage: Stage | None, kind: str, text: str, data: dict[str, str] | None = None
    ) -> Event:
        event = super().add(deployment, stage, kind, text, data)
        self._seen(event)
        return event


class SeenQuestions(Questions):
    """Remembers when an approval was used first."""

    def __init__(self, database: Database, life: Life, new_id: Callable[[str], str]) -> None:
        super().__init__(database, new_id)
        self._life = life

    def consume(self, id: str, lease: Lease, kind: DecisionKind = DecisionKind.APPROVED) -> Question:
        used = super().consume(id, lease, kind)
        self._life.record.used.setdefault(id, self._life.loop.time())
        return used


class SeenWatches(Watches):
    """Remembers each verdict with what it was made from."""

    def __init__(self, database: Database, life: Life, plan_of: Callable[[str], str]) -> None:
        super().__init__(database)
        self._life, self._plan_of, self._clock = life, plan_of, database.clock

    def sampled(
        self,
        id: str,
        taken: Sequence[Sample],
        totals: Mapping[str, Counters],
        judgement: Judgement | None = None,
    ) -> None:
        watch, before = self.watch(id), self.samples(id)
        super().sampled(id, taken, totals, judgement)
        if judgement is not None:
            plan = self._plan_of(watch.deployment)
            judged = Judged(watch, (*before, *taken), plan, self._clock(), judgement)
            self._life.record.judged.append(judged)
            said = f"judged {watch.id} {judgement.verdict}: {judgement.sentence}"
            self._life.record.note(self._life.loop.time(), self._life.party, said)
