"""Tasks: read the queues, talk on threads, file and close tasks."""

from __future__ import annotations

from typing import Protocol

from orchestrate.models.task import Comment, NewTask, Queue, Task


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
