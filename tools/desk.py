"""The desk: comments, tasks and announcements as effects, each made once."""

from __future__ import annotations

import re

from orchestrate.models.fact import Fact
from orchestrate.models.task import NewTask, Queue, Task
from tools.executor import EffectClass, Write
from tools.tasks import TaskDesk, Tasks


class Said(Fact):
    """Something to say on a task's thread; `key` names the occasion."""

    task: str
    key: str
    text: str


class Noted(Fact):
    """What was said, by the id under which the tracker keeps it."""

    id: str


class Moved(Fact):
    """A task's new status, and queue if that changes."""

    task: str
    status: str
    queue: Queue | None = None


class Closed(Fact):
    """A task's end."""

    task: str
    status: str
    reason: str


class Blocked(Fact):
    """A task that shall wait for another, instead of one before."""

    task: str
    on: str
    instead_of: str | None = None


def commenting(tasks: Tasks, desk: TaskDesk, deployment: str) -> Write[Said, Noted]:
    """Say something on a thread; a hidden marker finds it again."""

    async def observe(said: Said) -> Noted | None:
        marker = marker_of(deployment, said.key)
        found = (one for one in await tasks.comments(said.task) if marker in one.text)
        return next((Noted(id=one.id) for one in found), None)

    async def act(said: Said) -> Noted:
        comment = await desk.comment(said.task, f"{said.text}\n\n{marker_of(deployment, said.key)}")
        return Noted(id=comment.id)

    return Write(
        name="comment",
        effect=EffectClass.NOTE,
        result=Noted,
        key=lambda said: f"{said.task}/{said.key}",
        observe=observe,
        act=act,
    )


def filing(tasks: Tasks, desk: TaskDesk) -> Write[NewTask, Task]:
    """File a task; an open one with the same marker is kept instead."""

    async def observe(new: NewTask) -> Task | None:
        return await tasks.find(new.marker)

    return Write(
        name="file_task",
        effect=EffectClass.NOTE,
        result=Task,
        key=lambda new: new.marker,
        observe=observe,
        act=desk.create,
    )


def moving_task(tasks: Tasks, desk: TaskDesk) -> Write[Moved, Moved]:
    """Give a task another status or queue."""

    async def observe(moved: Moved) -> Moved | None:
        task = await tasks.task(moved.task)
        is_there = task.status == moved.status and moved.queue in (None, task.queue)
        return moved if is_there else None

    async def act(moved: Moved) -> Moved:
        await desk.move(moved.task, moved.status, moved.queue)
        return moved

    return Write(
        name="move_task",
        effect=EffectClass.NOTE,
        result=Moved,
        key=lambda moved: f"{moved.task}/{moved.status}/{moved.queue or ''}",
        observe=observe,
        act=act,
    )


def closing(tasks: Tasks, desk: TaskDesk) -> Write[Closed, Closed]:
    """Close a task with a reason."""

    async def observe(closed: Closed) -> Closed | None:
        return closed if (await tasks.task(closed.task)).is_closed else None

    async def act(closed: Closed) -> Closed:
        await desk.close(closed.task, closed.reason, closed.status)
        return closed

    return Write(
        name="close_task",
        effect=EffectClass.NOTE,
        result=Closed,
        key=lambda closed: closed.task,
        observe=observe,
        act=act,
    )


def depending(tasks: Tasks, desk: TaskDesk) -> Write[Blocked, Blocked]:
    """Make a task wait for its predecessor's fix."""

    async def observe(blocked: Blocked) -> Blocked | None:
        waits_for = (await tasks.task(blocked.task)).depends_on
        is_so = blocked.on in waits_for and blocked.instead_of not in waits_for
        return blocked if is_so else None

    async def act(blocked: Blocked) -> Blocked:
        await desk.depend(blocked.task, blocked.on, blocked.instead_of)
        return blocked

    return Write(
        name="depend",
        effect=EffectClass.NOTE,
        result=Blocked,
        key=lambda blocked: f"{blocked.task}/{blocked.on}",
        observe=observe,
        act=act,
    )


def marker_of(deployment: str, key: str) -> str:
    """The hidden line by which our own comment is found again."""
    return f"<!-- orchestrate:{deployment}/{marked(key)} -->"


def marked(key: str) -> str:
    """The occasion as the marker spells it."""
    return re.sub(r"[^A-Za-z0-9_./:-]", "-", key)
