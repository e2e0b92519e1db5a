"""Tasks: read the queues, talk on threads, file and close tasks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from types import MappingProxyType
from typing import Protocol

from orchestrate.errors import Refused, UnknownComment, UnknownTask
from orchestrate.models.fact import Fact
from orchestrate.models.task import Comment, Label, NewTask, Queue, Task


class Tasks(Protocol):
    """A tracker, as far as it is read."""

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        """Open tasks of `queue` in its input status with no open dependency, most urgent first."""
        ...

    async def task(self, id: str) -> Task:
        """One task. Raises UnknownTask."""
        ...

    async def find(self, marker: str) -> Task | None:
        """The task that carries `marker`, open or closed."""
        ...

    async def comments(self, task: str) -> tuple[Comment, ...]:
        """The whole thread, oldest first, replies included."""
        ...

    async def dependents(self, task: str) -> tuple[Task, ...]:
        """Open tasks that wait for `task`."""
        ...


class Spoken(Fact):
    """On which threads somebody spoke, and the mark to ask with the next time."""

    tasks: tuple[str, ...]
    mark: str


class Threads(Protocol):
    """What people say: which threads to read, and each thread."""

    async def spoken(self, since: str) -> Spoken:
        """The threads on which people spoke since the call that gave this mark; '' for ever.

        A thread is told again for SETTLED seconds, so that a comment which comes late is not missed.
        """
        ...

    async def comments(self, task: str) -> tuple[Comment, ...]:
        """The whole thread, oldest first, replies included."""
        ...


class TaskDesk(Protocol):
    """A tracker, as far as it is written."""

    async def comment(self, task: str, text: str) -> Comment:
        """Say `text` on the thread."""
        ...

    async def create(self, new: NewTask) -> Task:
        """File a task; it carries `new.marker`."""
        ...

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        """Change the status, and the queue if given."""
        ...

    async def close(self, task: str, reason: str, status: str) -> None:
        """Close it with the reason."""
        ...

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        """Make `task` wait for `on`, and no longer for `instead_of`."""
        ...


BOT = "orchestrate"
SETTLED = 10.0
INPUT_STATUS = "Ready to Deploy"
OPEN_STATUS = "Open"
SUCCEEDED = ("Deployed", "Done", "Closed", "Completed", "Resolved")
NO_QUEUES: Mapping[Queue, str] = MappingProxyType({})


@dataclass(frozen=True)
class Readiness:
    """The built-in tracker's rules: what status a queue takes tasks from, and which ends are good."""

    input_status: str
    succeeded: frozenset[str]
    queues: Mapping[Queue, str]

    def status(self, queue: Queue) -> str:
        given = OPEN_STATUS if queue is not Queue.DEPLOY else self.input_status
        return self.queues.get(queue, given)

    def is_success(self, status: str, reason: str) -> bool:
        """Any end that is not known to be good keeps what depends on it waiting."""
        return status in self.succeeded and not reason.casefold().startswith("failed")


async def check_no_circle(task: str, on: str, waits_for: Callable[[str], Awaitable[Sequence[str]]]) -> None:
    """Raise Refused where `task` could not wait for `on`, because `on` waits for it, however far away."""
    seen: set[str] = set()
    edge = [on]
    while edge:
        id = edge.pop()
        if id == task:
            raise Refused(f"{task} cannot wait for {on}: {on} waits for {task}")
        if id not in seen:
            seen.add(id)
            edge += await waits_for(id)


class MemoryTracker:
    """The twin of a tracker: tasks and threads in memory, for tests and rehearsals."""

    def __init__(
        self,
        bot: str = BOT,
        *,
        clock: Callable[[], float] = time.time,
        input_status: str = INPUT_STATUS,
        succeeded: Collection[str] = SUCCEEDED,
        queues: Mapping[Queue, str] = NO_QUEUES,
    ) -> None:
        self._bot, self._clock = bot, clock
        self._rules = Readiness(input_status, frozenset(succeeded), queues)
        self._tasks: dict[str, Task] = {}
        self._markers: dict[str, str] = {}
        self._succeeded: set[str] = set()
        self._comments: dict[str, Comment] = {}
        self._said = 0  # comments, also those that somebody deleted

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        status = self._rules.status(queue)
        found = [
            one
            for one in self._tasks.values()
            if not one.is_closed
            and (one.queue, one.status) == (queue, status)
            and self._succeeded.issuperset(one.depends_on)
        ]
        return tuple(sorted(found, key=lambda one: (one.priority, one.created_at)))

    async def task(self, id: str) -> Task:
        if id not in self._tasks:
            raise UnknownTask(id)
        return self._tasks[id]

    async def find(self, marker: str) -> Task | None:
        return self._tasks[self._markers[marker]] if marker in self._markers else None

    async def comments(self, task: str) -> tuple[Comment, ...]:
        await self.task(task)
        return tuple(one for one in self._comments.values() if one.task == task)

    async def spoken(self, since: str) -> Spoken:
        told = int(since or 0)
        new = [one for id, one in self._comments.items() if int(id) > told]
        tasks = dict.fromkeys(one.task for one in new if one.author != self._bot)
        settled = takewhile(lambda one: one.at.timestamp() < self._clock() - SETTLED, new)
        return Spoken(tasks=tuple(tasks), mark=str(max((int(one.id) for one in settled), default=told)))

    async def dependents(self, task: str) -> tuple[Task, ...]:
        await self.task(task)
        return tuple(one for one in self._tasks.values() if task in one.depends_on and not one.is_closed)

    async def comment(self, task: str, text: str) -> Comment:
        return await self.say(task, self._bot, text)

    async def create(self, new: NewTask) -> Task:
        known = await self.find(new.marker) if new.marker else None
        if known is not None:
            return known
        for on in new.depends_on:
            await self.task(on)
        id = f"T-{len(self._tasks) + 1}"
        self._tasks[id] = Task(id=id, created_at=self._now(), **new.model_dump(exclude={"marker"}))
        if new.marker:
            self._markers[new.marker] = id
        return self._tasks[id]

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        to = queue or (await self.task(task)).queue
        self._succeeded.discard(task)
        await self._change(task, status=status, queue=to, closed_reason=None)

    async def close(self, task: str, reason: str, status: str) -> None:
        await self._change(task, status=status, closed_reason=reason)
        self._succeeded.discard(task)
        if self._rules.is_success(status, reason):
            self._succeeded.add(task)

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        await check_no_circle(task, on, self._waits_for)
        kept = {one for one in (await self.task(task)).depends_on if one != instead_of}
        in_order = sorted(kept | {on}, key=list(self._tasks).index)
        await self._change(task, depends_on=tuple(in_order))

    async def say(self, task: str, author: str, text: str) -> Comment:
        """A person's words on the thread."""
        await self.task(task)
        self._said += 1
        said = Comment(id=str(self._said), task=task, author=author, text=text, at=self._now())
        self._comments[said.id] = said
        return said

    async def edit(self, comment: str, text: str) -> Comment:
        """Other words for a comment; that it was edited stays visible. Raises UnknownComment."""
        if comment not in self._comments:
            raise UnknownComment(comment)
        edited = self._comments[comment].model_copy(update={"text": text, "edited": True})
        self._comments[comment] = edited
        return edited

    async def label(self, task: str, label: Label) -> None:
        """Put a label on a task; the same name by the same person stands once. Raises UnknownTask."""
        others = (
            one for one in (await self.task(task)).labels if (one.name, one.by) != (label.name, label.by)
        )
        await self._change(task, labels=(*others, label))

    async def tasks(self, *, only_open: bool = True) -> tuple[Task, ...]:
        """Every (open) task, oldest first."""
        return tuple(one for one in self._tasks.values() if not (only_open and one.is_closed))

    async def _waits_for(self, task: str) -> tuple[str, ...]:
        return (await self.task(task)).depends_on

    async def _change(self, task: str, **news: object) -> None:
        self._tasks[task] = (await self.task(task)).model_copy(update=news)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
