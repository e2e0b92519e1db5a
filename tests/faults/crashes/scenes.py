"""Scenes: what happens in the world while processes end; people and time belong to the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from orchestrate.errors import StartFailed
from orchestrate.models.deployment import DecisionKind, Kind, Request
from orchestrate.models.environment import CanaryStep, Channel, Database, Environment, Gates, Monitoring
from orchestrate.models.task import Queue
from tests.faults.crashes.outside import Kept
from tests.stories.places import WEB, production, quick, staging
from tests.stories.world import World
from tools import workspace

HERE = Path()
"""Everything is below the working folder, so that a folder can be copied and used again."""

WATCH = Monitoring(period=10, sample=5, report=30, alerts=("errors",))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One course of events, up to its undisturbed end."""

    environments: Callable[[], tuple[Environment, ...]]
    before: Callable[[World], Awaitable[None]]
    people: Callable[[World], Awaitable[None]]
    trouble: Callable[[World], None] = lambda _: None
    has_anchor: bool = False  # also the writes of the audit's anchor are watched
    has_notes: bool = False  # also what is learnt and what is reserved is kept
    parts_at: str = ""  # the first write that it does not share with `good`, whose cases are not played again


def by_canary() -> tuple[Environment, ...]:
    """Production with a database, a canary, and everything that is done around one."""
    database = Database(url="sqlite:///shop.db", dialect="sqlite", migrations="migrations")
    web = WEB.model_copy(update={"database": database})
    gates = Gates(checks=("tests",), reviews=1, backup=True)
    steps = (CanaryStep(share=50, seconds=10),)
    settings = {"canary": steps, "monitoring": WATCH, "e2e_tests": True}
    return (production(HERE, components=(web,), gates=gates, **settings),)


def with_revert() -> tuple[Environment, ...]:
    """Production by canary without an approval, where a revert is prepared."""
    steps = (CanaryStep(share=50, seconds=10),)
    settings = {"canary": steps, "monitoring": WATCH, "prepare_revert": True, "requires_approval": False}
    return (production(HERE, **settings),)


def asking() -> tuple[Environment, ...]:
    """Production, where a person starts the way back, and no approval is needed for the way there."""
    return (quick(HERE, monitoring=WATCH, auto_rollback=False, requires_approval=False),)


def at_once() -> tuple[Environment, ...]:
    """Production by one switch of all the traffic."""
    return (quick(HERE, monitoring=WATCH),)


def patient() -> tuple[Environment, ...]:
    """Production that reminds once, and then lets the question expire."""
    return (quick(HERE, approval_reminder=20, approval_expires=60),)


def one_after_another() -> tuple[Environment, ...]:
    """Staging, then production, whose gates say no because nobody watches it."""
    few = Monitoring(period=0, sample=5, alerts=("errors",))
    asks = {"requires_approval": False, "monitoring": few}
    return staging(HERE, **asks), quick(HERE, **asks)


async def a_task(here: World) -> None:
    """A reviewed change with a migration, its task with a workspace, and a task that waits for it."""
    await _task(here, {"faster.py": "new", "migrations/0001_notes.sql": "CREATE TABLE notes (id INTEGER);"})


async def a_plain_task(here: World) -> None:
    """A reviewed change without a migration."""
    await _task(here, {"faster.py": "new"})


async def a_release(here: World) -> None:
    """A release that went well."""
    await a_plain_task(here)
    await here.intake.claim("before")
    (row,) = here.store.deployments.latest()
    await here.go(row.id)
    await here.approve(row.id)
    await here.go(row.id)


async def _task(here: World, files: dict[str, str | None]) -> None:
    change = await here.propose("faster", files)
    place = workspace.create(here.crew.workspaces)
    for name in ("notes.md", "work.py"):
        (place / name).write_text("work")
    shipping = await here.task(change, title="Ship it", workspace=place.name)
    await here.task(change, title="After it", queue=Queue.EXECUTION, depends_on=(shipping.id,))


async def nobody(here: World) -> None:
    """No one says anything."""


async def ada_approves(here: World) -> None:
    """Ada approves whatever is asked, on its thread."""
    await _ada(here, "Approved")


async def ada_in_an_outage(here: World) -> None:
    """The tracker is gone at the pick-up, and again from the first move to half a minute after the end;
    meanwhile Ada answers by command."""
    (row,) = here.store.deployments.latest() or (None,)
    now, is_moving = (
        here.clock.now,
        row is not None and "move" in [one.name for one in here.store.effects.of(row.id)],
    )
    is_early = row is not None and now < row.created_at.timestamp() + 30
    ended = row.finished_at.timestamp() if row and row.finished_at else now
    cut(here, is_down=is_early or (is_moving and now < ended + 30))
    for one in here.store.questions.for_deployment(row.id) if row else ():
        if one.is_open:
            await here.answers.decide(one.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")


def cut(here: World, *, is_down: bool) -> None:
    """The tracker is gone, or there again, for this process and for those that follow it."""
    twin = cast(Kept, here.tracker)
    if twin.is_down is not is_down:
        vars(twin)["_twin"].is_down = is_down
        twin.keep()


async def ada_holds(here: World) -> None:
    """Ada says no."""
    await _ada(here, "Hold")


async def ada_goes_back(here: World) -> None:
    """Ada asks for the version before, once."""
    latest = here.store.deployments.latest()
    if any(one.request.kind is Kind.ROLLBACK for one in latest):
        return
    (released,) = latest
    shipped = here.store.plans.plan(released.plan_hash or "").ships[0].from_version
    here.intake.accept(
        Request(
            kind=Kind.ROLLBACK,
            environment="production",
            version=shipped.commit if shipped else None,
            requested_by="ada",
            rolls_back=released.id,
        )
    )


async def _ada(here: World, says: str) -> None:
    """Ada answers each question that she reads on a thread, once."""
    for task in await here.tracker.tasks():
        thread = await here.tracker.comments(task.id)
        asked = sum("/approval-Q" in one.text or "/decide-Q" in one.text for one in thread)
        if sum(one.author == "ada" for one in thread) < asked:
            await here.tracker.say(task.id, "ada", says)


def errors(here: World) -> None:
    """Half of the new version's requests fail."""
    here.metrics.failing["green"] = 0.5


def hanging_router(here: World) -> None:
    """The traffic does not follow."""

    def fail() -> None:
        raise StartFailed("the router hangs")

    here.provider.at["web: traffic green 100 %"] = fail


SCENES: Mapping[str, Scene] = {
    "good": Scene(environments=by_canary, before=a_task, people=ada_approves, has_notes=True),
    "bad": Scene(
        environments=with_revert,
        before=a_plain_task,
        people=nobody,
        trouble=errors,
        parts_at="events.add failed",
    ),
    "asked": Scene(
        environments=asking,
        before=a_plain_task,
        people=ada_in_an_outage,
        trouble=hanging_router,
        parts_at="effects.failed",
    ),
    "held": Scene(
        environments=at_once,
        before=a_plain_task,
        people=ada_holds,
        has_anchor=True,
        parts_at="questions.decide",
    ),
    "expired": Scene(environments=patient, before=a_plain_task, people=nobody, parts_at="/remind/"),
    "back": Scene(environments=at_once, before=a_release, people=ada_goes_back),
    "onward": Scene(
        environments=one_after_another, before=a_plain_task, people=nobody, parts_at="deployments.finish"
    ),
}
"""By name, as a failed case names them."""
