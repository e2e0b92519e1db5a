"""Tasks to file."""

from __future__ import annotations

from itertools import count

from orchestrate.models.task import NewTask, Priority, Queue

_NUMBERS = count(1)


def new(title: str = "Ship it", **changes: object) -> NewTask:
    """A task of the deploy queue."""
    task = NewTask(
        title=title,
        description="",
        queue=Queue.DEPLOY,
        status="Ready to Deploy",
        priority=Priority.P2,
        marker=f"fix/{next(_NUMBERS)}",
    )
    return task.model_copy(update=changes)
