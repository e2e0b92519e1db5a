"""A deployed task is taken back from each place where people talk, and the old version serves again."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from mcp import Client

from orchestrate.app import App
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.threads import CalledOnThreads
from orchestrate.identity import Identity
from orchestrate.mcp import server
from orchestrate.models.deployment import Deployment, Kind, Outcome, Status
from orchestrate.models.environment import Channel
from orchestrate.slack.desk import Working
from orchestrate.slack.said import Said
from orchestrate.store import Store
from tests.orchestrate.counter.conftest import app_of
from tests.servers import bd
from tests.servers.bd.workspace import tracker as beads_on
from tests.servers.clickup import clickup
from tests.servers.clickup_tracker import tracker as clickup_on
from tests.servers.clickup_world import ClickUpWorld
from tests.stories.places import ADA, quick
from tests.stories.twins import Clock, Outside, Tracker, outside
from tests.stories.world import World, assembled
from tools.chat import MemoryChat

SETTINGS = """
service: shop
people: {ada: {roles: [approver], cli: ada, slack: U02ADA, tracker: [ada, "2"]}, mira: {}, rob: {}}
environments:
  production: {type: production, approvers: [ada], components: [{name: web, run: [serve], port: 8080}]}
"""


@dataclass(frozen=True)
class Scene:
    """A task that was deployed, and the product around it."""

    here: World
    app: App
    task: str
    ears: CalledOnThreads

    @property
    def newest(self) -> Deployment:
        return self.here.store.deployments.latest(limit=1)[0]

    async def on_the_thread(self, text: str) -> str:
        """What ada's comment is answered with."""
        before = len(await self.here.tracker.comments(self.task))
        await self.here.tracker.say(self.task, "ada", text)
        await self.ears.read()
        return (await self.here.tracker.comments(self.task))[before + 1].text


async def by_command(scene: Scene) -> None:
    reply = await Clerk(scene.app).answer(f"rollback {scene.task}", Identity("ada", ADA, Channel.CLI))
    assert reply.is_done, reply.text


async def by_comment(scene: Scene) -> None:
    assert "brings back" in await scene.on_the_thread(f"/deploy rollback {scene.task}")


async def by_comment_with_an_address(scene: Scene) -> None:
    said = await scene.on_the_thread(f"/deploy rollback https://app.clickup.com/t/{scene.task}")
    assert "brings back" in said


async def by_comment_that_proves_nothing(scene: Scene) -> None:
    said = await scene.on_the_thread(f"/deploy rollback {scene.task}")
    assert "nobody proves here who wrote it" in said and f"orchestrate say rollback {scene.task}" in said
    assert scene.newest.request.kind is Kind.DEPLOY
    await by_command(scene)


async def by_slack(scene: Scene) -> None:
    chat = MemoryChat()
    text = f"rollback {scene.task}"
    said = Said(key="command/1", user="U02ADA", channel="C1", text=text, is_called=True)
    await Working(scene.app, chat, lambda _: None).do(said)
    assert "brings back" in chat.told[0][1]


async def by_assistant(scene: Scene) -> None:
    """It asks, and a person still says yes."""
    who = Identity("ada", ADA, Channel.CLI)
    async with Client(server(scene.app, who)) as client:
        answer = await client.call_tool("say", {"text": f"rollback {scene.task}"})
    assert not answer.is_error
    waiting = await scene.here.go(scene.newest.id)
    assert (waiting.status, waiting.request.requested_by) == (Status.WAITING, "ada's assistant")
    await scene.here.approve(waiting.id)


Around = Callable[[Outside, Path], AsyncGenerator[None, None]]
Say = Callable[[Scene], Awaitable[None]]


async def builtin(around: Outside, folder: Path) -> AsyncGenerator[None, None]:  # noqa: ARG001
    yield


async def on_clickup(around: Outside, folder: Path) -> AsyncGenerator[None, None]:
    with (
        clickup(ClickUpWorld(around.clock)) as here,
        closing(Store.open(f"sqlite:///{folder}/kept.db")) as kept,
    ):
        kept.upgrade()
        around.tracker = cast(Tracker, clickup_on(here, kept))
        yield


async def on_beads(around: Outside, folder: Path) -> AsyncGenerator[None, None]:
    around.tracker = cast(Tracker, beads_on(folder / "beads"))
    yield


SURFACES: Mapping[str, tuple[Around, Say]] = {
    "orchestrate say": (builtin, by_command),
    "the built-in tracker": (builtin, by_comment),
    "ClickUp": (on_clickup, by_comment_with_an_address),
    "Beads": (on_beads, by_comment_that_proves_nothing),
    "Slack": (builtin, by_slack),
    "Claude Code": (builtin, by_assistant),
}
WITHOUT_BD = pytest.mark.skipif(bd.found() is None, reason=bd.why_not())


@asynccontextmanager
async def deployed(folder: Path, around_it: Around) -> AsyncGenerator[tuple[Scene, str]]:
    """A task in production, and the tree that served before it."""
    places = {"production": quick(folder)}
    around = outside(tuple(places), Clock(time.time()))
    async with asynccontextmanager(around_it)(around, folder):
        await around.begin(places)
        async with assembled(folder, around, places) as here:
            before = here.live().tree
            deployment, task, _ = await here.approved()
            assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
            app = app_of(here, folder, SETTINGS)
            ears = CalledOnThreads(clerk=Clerk(app), threads=here.tracker, desk=here.tracker)
            await ears.read()
            yield Scene(here, app, task.id, ears), before


@pytest.mark.parametrize(
    "surface",
    [pytest.param(one, marks=[WITHOUT_BD, pytest.mark.slow] if one == "Beads" else ()) for one in SURFACES],
)
async def test_a_task_is_taken_back_where_people_talk(folder: Path, surface: str) -> None:
    around, say = SURFACES[surface]
    async with deployed(folder, around) as (scene, before):
        assert scene.here.live().tree != before

        await say(scene)
        ended = await scene.here.go(scene.newest.id)

        assert (ended.request.kind, ended.outcome) == (Kind.ROLLBACK, Outcome.DEPLOYED), ended.reason
        assert scene.here.live().tree == before
