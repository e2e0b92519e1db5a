"""The built-in tracker: tasks, threads and queues in the product's own store."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrate.models.task import Comment, Label, NewTask, Queue, Task
from orchestrate.store.tasks import TaskBook
from tools.tasks import BOT, INPUT_STATUS, NO_QUEUES, SETTLED, SUCCEEDED, Readiness, Spoken


class StoreTracker:
    """Tasks and TaskDesk on the store; what it says on threads is said as `bot`.

    `queues` names the status from which a queue takes tasks, where it is not the usual one; a task that
    is closed in a status that is not in `succeeded` keeps those that depend on it waiting.
    """

    def __init__(
        self,
        book: TaskBook,
        bot: str = BOT,
        *,
        input_status: str = INPUT_STATUS,
        succeeded: Collection[str] = SUCCEEDED,
        queues: Mapping[Queue, str] = NO_QUEUES,
    ) -> None:
        self._book = book
        self._bot = bot
        self._rules = Readiness(input_status, frozenset(succeeded), queues)

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        return self._book.ready(queue, self._rules.status(queue))

    async def task(self, id: str) -> Task:
        return self._book.task(id)

    async def find(self, marker: str) -> Task | None:
        return self._book.find(marker)

    async def comments(self, task: str) -> tuple[Comment, ...]:
        return self._book.comments.of(task)

    async def spoken(self, since: str) -> Spoken:
        tasks, mark = self._book.comments.spoken(int(since or 0), SETTLED, but=self._bot)
        return Spoken(tasks=tasks, mark=str(mark))

    async def dependents(self, task: str) -> tuple[Task, ...]:
        return self._book.dependents(task)

    async def comment(self, task: str, text: str) -> Comment:
        return self._book.comments.say(task, self._bot, text)

    async def create(self, new: NewTask) -> Task:
        return self._book.add(new)

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        self._book.move(task, status, queue)

    async def close(self, task: str, reason: str, status: str) -> None:
        self._book.close(task, reason, status, succeeded=self._rules.is_success(status, reason))

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        self._book.depend(task, on, instead_of)

    async def say(self, task: str, author: str, text: str) -> Comment:
        """A person's words on the thread; who calls has made sure that it is they."""
        return self._book.comments.say(task, author, text)

    async def edit(self, comment: str, text: str) -> Comment:
        """Other words for a comment; that it was edited stays visible. Raises UnknownComment."""
        return self._book.comments.edit(comment, text)

    async def label(self, task: str, label: Label) -> None:
        """Put a label on a task. Raises UnknownTask."""
        self._book.label(task, label)

    async def tasks(self, *, only_open: bool = True) -> tuple[Task, ...]:
        """Every (open) task, oldest first."""
        return self._book.all(only_open=only_open)
