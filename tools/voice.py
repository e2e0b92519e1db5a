"""The voice: what a deployment tells people, said once each; a deployment without a task has no thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrate.models.task import NewTask, Priority, Queue, Task
from orchestrate.redaction import without_secrets
from tools.desk import Blocked, Closed, Moved, Said, closing, commenting, depending, filing, moving_task
from tools.executor import Errand, Executor
from tools.tasks import NO_QUEUES, OPEN_STATUS, TaskDesk, Tasks


@dataclass(frozen=True)
class Voice:
    """Speaks, files and closes through the door to effects.

    `queues`: the status in which each queue takes tasks, where that is not Open.
    """

    executor: Executor
    tasks: Tasks
    desk: TaskDesk
    queues: Mapping[Queue, str] = field(default_factory=lambda: NO_QUEUES)

    async def say(self, at: Errand, task: str | None, key: str, text: str) -> None:
        """A comment on the task's thread, once per `key`."""
        if task is not None:
            tool = commenting(self.tasks, self.desk, at.deployment)
            await self.executor.do(tool, Said(task=task, key=key, text=without_secrets(text)), at)

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
        await self.file(at, new)

    async def file(self, at: Errand, new: NewTask) -> Task:
        """A new task, or the one that has the same marker."""
        return await self.executor.do(filing(self.tasks, self.desk), self._ready(new), at)

    def has_filed(self, at: Errand, new: NewTask) -> bool:
        """Whether this deployment itself filed the task, before it was interrupted."""
        return self.executor.was_meant(filing(self.tasks, self.desk), self._ready(new), at)

    async def move(self, at: Errand, task: str | None, status: str, queue: Queue | None = None) -> None:
        """Another status, and queue."""
        if task is not None:
            moved = Moved(task=task, status=self._status(status, queue), queue=queue)
            await self.executor.do(moving_task(self.tasks, self.desk), moved, at)

    def _ready(self, new: NewTask) -> NewTask:
        """As it is taken from its queue, and without secrets."""
        return _discreet(new.model_copy(update={"status": self._status(new.status, new.queue)}))

    def _status(self, status: str, queue: Queue | None) -> str:
        return self.queues.get(queue, status) if queue and status == OPEN_STATUS else status

    async def close(self, at: Errand, task: str | None, status: str, reason: str) -> None:
        """The task's end."""
        if task is not None:
            closed = Closed(task=task, status=status, reason=without_secrets(reason))
            await self.executor.do(closing(self.tasks, self.desk), closed, at)

    async def hand_over(self, at: Errand, task: str | None, fix: str) -> None:
        """What waited for `task` waits for `fix` instead (Q7)."""
        tool = depending(self.tasks, self.desk)
        for waiting in await self.tasks.dependents(task) if task else ():
            if waiting.id != fix:
                await self.executor.do(tool, Blocked(task=waiting.id, on=fix, instead_of=task), at)
        for handed in await self.tasks.dependents(fix) if task else ():
            blocked = Blocked(task=handed.id, on=fix, instead_of=task)
            if self.executor.was_meant(tool, blocked, at):  # before an interruption: now it is seen to be so
                await self.executor.do(tool, blocked, at)


def _discreet(new: NewTask) -> NewTask:
    words = {"title": without_secrets(new.title), "description": without_secrets(new.description)}
    return new.model_copy(update=words)
