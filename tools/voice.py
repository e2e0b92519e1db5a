"""The voice: what a deployment tells people, said once each; what cannot be said now is said later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TypeVar

from pydantic import BaseModel

from orchestrate.errors import (
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    Refused,
    Unreachable,
    with_cure,
)
from orchestrate.models.deployment import Stage
from orchestrate.models.letter import Letter, Unsent
from orchestrate.models.task import NewTask, Priority, Queue, Task
from orchestrate.redaction import without_secrets
from tools.desk import Blocked, Closed, Moved, Said, closing, commenting, depending, filing, moving_task
from tools.executor import Errand, Executor, Write
from tools.rests import asked_rest, growing
from tools.tasks import NO_QUEUES, OPEN_STATUS, TaskDesk, Tasks

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)

FIRST_REST, LONGEST_REST = 5.0, 3600.0
"""Seconds between two attempts at the same letter; whenever the tracker is seen to answer, it is sooner."""

HURRY = 5.0
"""Seconds that a release which is half-way waits for the tracker; it is told later then."""

UNBEGUN = frozenset(
    {
        *(Stage.PICK_UP, Stage.GATES, Stage.WAIT_FOR_CHECKS, Stage.BLOCKED, Stage.PLAN),
        *(Stage.APPROVAL, Stage.REMIND, Stage.QUEUE, Stage.WAIT_FOR_TURN),
    }
)
"""Stages at which nothing outside was changed: whoever wants us to rest is waited for."""

ENDS = frozenset({Stage.FINISH, Stage.FIX_TASKS, Stage.CLOSE})
"""Where only people are told what is done already."""


class Manner(StrEnum):
    """What becomes of words that cannot be said now."""

    USUAL = "usual"  # they are kept; before anything has begun, whoever wants us to rest is waited for
    PARTING = "parting"  # they are kept: nobody comes back to this place
    LATER = "later"  # they are kept, without an attempt: something else must not wait
    ITSELF = "itself"  # it is raised: whoever tells what was kept tries again


@dataclass(frozen=True)
class Voice:
    """Speaks, files and closes through the door to effects, in order on each task.

    `queues`: the status in which each queue takes tasks, where that is not Open.
    """

    executor: Executor
    tasks: Tasks
    desk: TaskDesk
    queues: Mapping[Queue, str] = field(default_factory=lambda: NO_QUEUES)
    manner: Manner = Manner.USUAL

    def in_manner(self, manner: Manner) -> Voice:
        """The same voice, for other circumstances."""
        return replace(self, manner=manner)

    async def say(self, at: Errand, task: str | None, key: str, text: str) -> None:
        """A comment on the task's thread, once per `key`."""
        if task is not None:
            said = Said(task=task, key=key, text=without_secrets(text))
            await self._write(at, commenting(self.tasks, self.desk, at.deployment), said)

    async def announce(self, at: Errand, key: str, title: str, text: str, *, urgent: bool = False) -> None:
        """An entry in the announce queue, once per `key`."""
        new = NewTask(
            title=title,
            description=text,
            queue=Queue.ANNOUNCE,
            status="Open",
            priority=Priority.P0 if urgent else Priority.P3,
            marker=f"announce/{at.deployment}/{key}",
        )
        await self.order(at, new)

    async def order(self, at: Errand, new: NewTask) -> None:
        """A new task, of which nothing needs to be known now."""
        await self._write(at, filing(self.tasks, self.desk), self._ready(new))

    async def file(self, at: Errand, new: NewTask) -> Task:
        """A new task, or the one that has the same marker. Raises what keeps it from being filed now."""
        return await self.executor.do(filing(self.tasks, self.desk), self._ready(new), at)

    def has_filed(self, at: Errand, new: NewTask) -> bool:
        """Whether this deployment itself filed the task, before it was interrupted."""
        return self.executor.was_meant(filing(self.tasks, self.desk), self._ready(new), at)

    async def move(self, at: Errand, task: str | None, status: str, queue: Queue | None = None) -> None:
        """Another status, and queue."""
        if task is not None:
            moved = Moved(task=task, status=self._status(status, queue), queue=queue)
            await self._write(at, moving_task(self.tasks, self.desk), moved)

    async def close(self, at: Errand, task: str | None, status: str, reason: str) -> None:
        """The task's end."""
        if task is not None:
            closed = Closed(task=task, status=status, reason=without_secrets(reason))
            await self._write(at, closing(self.tasks, self.desk), closed)

    async def hand_over(self, at: Errand, task: str | None, fix: str) -> None:
        """What waited for `task` waits for `fix` instead (Q7). Raises what keeps it from being so now."""
        tool = depending(self.tasks, self.desk)
        for waiting in await self.tasks.dependents(task) if task else ():
            if waiting.id != fix:
                await self.executor.do(tool, Blocked(task=waiting.id, on=fix, instead_of=task), at)
        for handed in await self.tasks.dependents(fix) if task else ():
            blocked = Blocked(task=handed.id, on=fix, instead_of=task)
            if self.executor.was_meant(tool, blocked, at):  # before an interruption: now it is seen to be so
                await self.executor.do(tool, blocked, at)

    def _ready(self, new: NewTask) -> NewTask:
        """As it is taken from its queue, and without secrets."""
        return _discreet(new.model_copy(update={"status": self._status(new.status, new.queue)}))

    def _status(self, status: str, queue: Queue | None) -> str:
        return self.queues.get(queue, status) if queue and status == OPEN_STATUS else status

    async def chore(
        self, at: Errand, kind: str, due: BaseModel, doing: Callable[[], Awaitable[None]]
    ) -> None:
        """Several words that belong together: `doing` says them itself, now, or later from what is `due`."""
        await self._tell(at, Unsent(kind=kind, key=f"{at.stage}/{kind}", body=due.model_dump_json()), doing)

    async def repeat(self, at: Errand, letter: Letter) -> None:
        """Say what was kept. Raises what keeps it from being said now, and Refused for what nobody says."""
        tasks, desk = self.tasks, self.desk
        match letter.kind:
            case "comment":
                said = Said.model_validate_json(letter.body)
                await self.executor.do(commenting(tasks, desk, at.deployment), said, at)
            case "file_task":
                await self.executor.do(filing(tasks, desk), NewTask.model_validate_json(letter.body), at)
            case "move_task":
                await self.executor.do(moving_task(tasks, desk), Moved.model_validate_json(letter.body), at)
            case "close_task":
                await self.executor.do(closing(tasks, desk), Closed.model_validate_json(letter.body), at)
            case _:
                raise Refused(f"nobody knows how to tell a letter of kind {letter.kind!r}")

    async def _write(self, at: Errand, tool: Write[A, R], args: A) -> None:
        body = args.model_dump_json()
        letter = Unsent(kind=tool.name, key=f"{at.stage}/{tool.name}/{tool.key(args)}", body=body)
        await self._tell(at, letter, partial(self.executor.do, tool, args, at))

    async def _tell(self, at: Errand, letter: Unsent, telling: Callable[[], Awaitable[object]]) -> None:
        """Say it now, unless something on the same thread is to be said first; keep what cannot be said."""
        if self.manner is Manner.ITSELF:
            await telling()
            return
        store = self.executor.store
        if self.manner is Manner.LATER or store.outbox.is_owed(at.deployment):
            store.outbox.keep(at.lease, at.stage, at.plan_hash, letter)
            return
        try:
            async with asyncio.timeout(None if at.stage in UNBEGUN | ENDS else HURRY):
                await telling()
        except NotFound as gone:
            if self._waits(at):
                raise
            store.events.add(at.deployment, at.stage, "not_told", f"{letter.kind}: {with_cure(gone)}")
        except (OutsideFailed, OutcomeUnknown, ConnectionError, TimeoutError) as problem:
            if isinstance(problem, RateLimited) and self._waits(at):
                raise
            silent = named(problem)
            rest, asked = growing(0, FIRST_REST, LONGEST_REST, silent), asked_rest(silent)
            store.outbox.keep(at.lease, at.stage, at.plan_hash, letter, with_cure(silent), rest, asked)

    def _waits(self, at: Errand) -> bool:
        return self.manner is Manner.USUAL and at.stage in UNBEGUN


def named(problem: Exception) -> OrchestrateError:
    """The problem in our words; a connection that fails, or nobody who answers in time, is a silence."""
    if isinstance(problem, OrchestrateError):
        return problem
    return Unreachable(f"no answer: {str(problem) or type(problem).__name__}")


def _discreet(new: NewTask) -> NewTask:
    words = {"title": without_secrets(new.title), "description": without_secrets(new.description)}
    return new.model_copy(update=words)
