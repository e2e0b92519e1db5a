"""Tasks of the built-in tracker: file, look at, talk about, close."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from orchestrate.cli.identity import Identity, identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter.naming import change_number
from orchestrate.errors import Refused, UnknownChange, UnknownTask
from orchestrate.models.environment import Channel, Strategy
from orchestrate.models.task import Comment, NewTask, Priority, Queue, Task, TaskMetadata
from orchestrate.settings import Settings
from orchestrate.store import Store
from tools.systems.tracker import StoreTracker
from tools.tasks import SUCCEEDED

Id = Annotated[str, typer.Argument(metavar="TASK", help="Its id, e.g. T-1.")]
Title = Annotated[str, typer.Argument(metavar="TITLE", help="What is wanted.")]
Text = Annotated[
    str, typer.Argument(metavar="TEXT", help="What is said; Approved and Hold answer a question.")
]
Description = Annotated[str, typer.Option("--description", "-d", metavar="TEXT", help="More about it.")]
Ships = Annotated[str | None, typer.Option("--change", metavar="C", help="The change that it ships.")]
Urgency = Annotated[int, typer.Option("--priority", "-p", min=0, max=4, help="0 is worked on first.")]
After = Annotated[
    list[str] | None, typer.Option("--depends-on", metavar="T", help="Waits for it. Repeatable.")
]
Workspace = Annotated[
    str | None, typer.Option("--workspace", metavar="FOLDER", help="Removed once deployed.")
]
InQueue = Annotated[Queue, typer.Option("--queue", "-q", help="Where it waits.")]
AnyQueue = Annotated[Queue | None, typer.Option("--queue", "-q", help="Only this queue.")]
Target = Annotated[str | None, typer.Option("--target", metavar="E", help="The last environment of its way.")]
How = Annotated[Strategy | None, typer.Option("--strategy", help="Instead of the environment's.")]
What = Annotated[str | None, typer.Option("--version", metavar="V", help="A version, instead of a change.")]
Everything = Annotated[bool, typer.Option("--all", "-a", help="Closed ones too.")]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")]
Last = Annotated[str, typer.Option("--status", metavar="S", help="Its last status.")]


@dataclass(frozen=True)
class Desk:
    """The tracker's data, and who types."""

    settings: Settings
    store: Store
    who: Identity

    def task(self, id: str) -> Task:
        """One task. Raises UnknownTask, naming the open ones."""
        try:
            return self.store.tasks.task(id)
        except UnknownTask:
            raise UnknownTask(id, [one.id for one in self.store.tasks.all()]) from None

    def change(self, id: str) -> str:
        """The id of a change that exists. Raises UnknownChange, naming those there are."""
        try:
            return self.store.changes.record(change_number(id)).id
        except UnknownChange:
            raise UnknownChange(id, [one.id for one in self.store.changes.all()]) from None


@contextmanager
def desk(scene: Scene) -> Generator[Desk]:
    """The tracker of the settings' store. Raises Refused where tasks are somewhere else."""
    settings = scene.settings()
    if settings.tracker.kind != "builtin":
        said = settings.tracker
        where = f"list {said.list} of ClickUp" if said.kind == "clickup" else f"Beads ({said.folder})"
        raise Refused(f"tasks are in {where}, and not here", cure="file, read and close them there")
    with opened(settings) as store:
        yield Desk(settings, store, identity(settings))


def add(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    title: Title,
    description: Description = "",
    change: Ships = None,
    version: What = None,
    priority: Urgency = 2,
    depends_on: After = None,
    queue: InQueue = Queue.DEPLOY,
    target: Target = None,
    strategy: How = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """File a task. In the deploy queue it is ready at once: a worker takes it."""
    with desk(scene_of(ctx)) as at:
        if target is not None:
            target = at.settings.environment(target).name
        new = NewTask(
            title=title,
            description=description,
            queue=queue,
            status=at.settings.tracker.queues[queue],
            priority=Priority(priority),
            marker="",
            change=at.change(change) if change else None,
            metadata=TaskMetadata(deployment_target=target, version=version, strategy=strategy),
            depends_on=tuple(at.task(one).id for one in depends_on or ()),
            workspace=workspace,
            created_by=at.who.on(Channel.TRACKER),
        )
        task = at.store.tasks.add(new)
    out = Output(as_json)
    out.result({"task": task.model_dump(mode="json")})
    out.say(f"{task.id}: {task.title} ({task.status}, queue {task.queue})")


def list_open(
    ctx: typer.Context, queue: AnyQueue = None, all_: Everything = False, as_json: AsJson = False
) -> None:
    """Show open tasks, oldest first."""
    with desk(scene_of(ctx)) as at:
        found = [one for one in at.store.tasks.all(only_open=not all_) if queue in (None, one.queue)]
    out = Output(as_json)
    out.result({"tasks": [one.model_dump(mode="json") for one in found]})
    if not found:
        out.say("no tasks")
        return
    rows = [
        (one.id, f"P{int(one.priority)}", one.queue, one.status, one.change or "", one.title) for one in found
    ]
    out.table(("task", "priority", "queue", "status", "change", "title"), rows)


def show(ctx: typer.Context, task: Id, as_json: AsJson = False) -> None:
    """Show a task and the whole of its thread."""
    with desk(scene_of(ctx)) as at:
        found = at.task(task)
        thread = at.store.tasks.comments.of(found.id)
    out = Output(as_json)
    out.result(
        {"task": found.model_dump(mode="json"), "thread": [one.model_dump(mode="json") for one in thread]}
    )
    _say(out, found, thread)


def comment(ctx: typer.Context, task: Id, text: Text, as_json: AsJson = False) -> None:
    """Say something on the thread, as yourself."""
    with desk(scene_of(ctx)) as at:
        said = at.store.tasks.comments.say(at.task(task).id, at.who.on(Channel.TRACKER), text)
    out = Output(as_json)
    out.result({"comment": said.model_dump(mode="json")})
    out.say(f"{said.author} on {said.task}: {said.text}")


def close(
    ctx: typer.Context,
    task: Id,
    reason: Reason = "closed by hand",
    status: Last = "Done",
    as_json: AsJson = False,
) -> None:
    """Close a task. Done, Closed, Deployed, Completed and Resolved let go of what depends on it."""
    with desk(scene_of(ctx)) as at:
        found = at.task(task)
        said = at.settings.tracker
        good_ends = {*SUCCEEDED, said.output_status}
        tracker = StoreTracker(at.store.tasks, input_status=said.input_status, succeeded=good_ends)
        asyncio.run(tracker.close(found.id, reason, status))
        closed = at.task(found.id)
    out = Output(as_json)
    out.result({"task": closed.model_dump(mode="json")})
    out.say(f"{closed.id} is closed: {reason} ({status})")


def _say(out: Output, task: Task, thread: Sequence[Comment]) -> None:
    out.say(f"{task.id}  {task.title}")
    facts = {
        "status": f"{task.status} ({task.closed_reason})" if task.closed_reason else task.status,
        "queue": task.queue.value,
        "priority": f"P{int(task.priority)}",
        "change": task.change,
        "version": task.metadata.version,
        "target": task.metadata.deployment_target,
        "strategy": task.metadata.strategy,
        "stage": task.metadata.stage,
        "depends on": ", ".join(task.depends_on),
        "found in": task.discovered_from,
        "workspace": task.workspace,
        "filed by": task.created_by,
    }
    for name, value in facts.items():
        if value:
            out.say(f"{name:11} {value}")
    if task.description:
        out.say(f"\n{_shown(task.description)}")
    for one in thread:
        edited = " (edited)" if one.edited else ""
        out.say(f"\n── {one.author}, {one.at:%Y-%m-%d %H:%M}{edited}\n{_shown(one.text)}")


def _shown(text: str) -> str:
    """`text` without the comments that Markdown hides: our own markers are such."""
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()
