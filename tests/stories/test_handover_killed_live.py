"""A worker that is killed in a move that is handed over: the image is set once, whoever goes on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from orchestrate.models.deployment import Deployment, Outcome, Status
from tests.servers.kubernetes.between import Between, Moment, between
from tests.servers.kubernetes.front import front
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import Team, image_of, phase_of, until
from tests.servers.live import Live, does, environment, live, require, web
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tests.servers.prometheus import prometheus
from tests.servers.under_load import failures, page
from tests.servers.workers import queued, worker
from tools.systems.proxy import BuiltinProxy

pytestmark = [pytest.mark.kubernetes, pytest.mark.prometheus, pytest.mark.slow, pytest.mark.timeout(300)]
PATIENCE = 120.0
STEPS: tuple[Json, ...] = ({"setWeight": 50}, {"pause": {"duration": "4s"}})


@dataclass
class Shop:
    """Version one in a Rollout of a team, and the way on which patches of it pass."""

    site: Site
    owner: str
    live: Live
    team: Team
    way: Between
    load: Load

    async def image(self, commit: str) -> str:
        """What continuous integration makes of a commit."""
        forge, name = self.live.app.forge, self.team.namespace
        version = await forge.version(commit)
        digest = await self.site.publish(name, version, forge.checkout, version.tree)
        return f"{self.site.registry}/{name}@{digest}"

    async def asked(self) -> tuple[str, str]:
        """A task that is ready to deploy, and the image of its version."""
        change = await self.live.change("again", does(page="Hello again"))
        image = await self.image((await self.live.app.forge.change(change)).head)
        return await queued(self.live, change), image

    async def killed(self, process: asyncio.subprocess.Process, task: str, is_so: Callable[[], bool]) -> None:
        """End the worker when it is so."""
        await self._approving(task, is_so)
        process.kill()
        await process.wait()

    async def ended(self, task: str) -> Deployment:
        await self._approving(task, lambda: self._row(task).status is Status.FINISHED)
        return self._row(task)

    def changes(self) -> int:
        """How often anything was changed in the Rollout, or the template of the Canary's target."""
        if self.owner == "rollout":
            return cast("int", cast("Json", self.team.rollout()["metadata"])["generation"])
        told = cast("dict[str, dict[str, str]]", self.team.deployment()["metadata"])["annotations"]
        return int(told["deployment.kubernetes.io/revision"])

    def image_now(self) -> str:
        return image_of(self.team.rollout() if self.owner == "rollout" else self.team.deployment())

    def phase(self) -> str:
        return phase_of(self.team.rollout() if self.owner == "rollout" else self.team.canary())

    async def begin(self) -> None:
        """What the team made, with version one."""
        first = await self.image(self.live.first)
        if self.owner == "rollout":
            self.team.make_service()
            await self.team.make_rollout(first, *STEPS)
        else:
            await self.team.make_canary(first, iterations=4)

    async def _approving(self, task: str, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            rows = self.live.app.store.deployments.latest(task=task, limit=1)
            for row in rows:
                await self.live.approve(row.id)
            assert time.monotonic() < end, [self.live.told(row.id) for row in rows]
            await asyncio.sleep(0.05)

    def _row(self, task: str) -> Deployment:
        (row,) = self.live.app.store.deployments.latest(task=task, limit=1)
        return row


@asynccontextmanager
async def shop(site: Site, folder: Path, owner: str = "rollout") -> AsyncGenerator[Shop]:
    require("prometheus")
    team, (port, numbers) = Team(site.cluster, site.namespace(), "live_service.py", pause=2), free_ports(2)
    router, load = BuiltinProxy(folder / "front", port=port), Load(folder / "load", port)
    with between(site.cluster) as way:
        own = {
            "image": f"{site.registry}/{team.namespace}:{{tree}}",
            "namespace": team.namespace,
            "kubeconfig": str(way.kubeconfig(folder)),
            owner: "shop",
        }
        source = {"kind": "prometheus", "url": f"http://127.0.0.1:{numbers}"}
        words: dict[str, object] = {"run": [], "instances": 1, "metrics": source, "kubernetes": own}
        given = environment(
            port,
            strategy="rolling",
            url=f"http://127.0.0.1:{port}",
            type="staging",  # production is not deployed to without a watch
            monitoring={"period": 0, "alerts": ["errors"]},
            components=[web(port, provider="kubernetes", **words)],
        )
        async with live(folder, {"production": given}, begins=False) as made:
            found = Shop(site, owner, made, team, way, load)
            await found.begin()
            async with front(
                site.cluster, team.namespace, "shop", router, "blue"
            ):  # as its numbers are asked for
                await made.begin()
                await load.start()
                try:
                    with prometheus(folder, {urlsplit(router.metrics() or "").netloc: ""}, numbers):
                        yield found
                finally:
                    await load.end()
    team.leave()


async def assert_once(here: Shop, task: str, row: Deployment, image: str, before: int) -> None:
    """The object got the image by one change, which has the traffic; the thread heard each thing once."""
    assert row.outcome is Outcome.DEPLOYED, here.live.told(row.id)
    assert (here.image_now(), here.changes()) == (image, before + 1)
    assert here.phase() in ("Healthy", "Succeeded")
    assert (await here.live.running()).weights == {"green": 100}
    assert await page(here.live) == {"Hello again"}
    seen = await here.load.end()
    assert failures(seen) == {"kept": 0, "new": 0, "long": 0}, seen
    assert set(Counter(here.live.thread(task).split("<!-- ")[1:]).values()) == {1}


async def test_a_patch_that_was_never_sent_is_sent_by_the_next_worker(
    folder: Path, steered_site: Site
) -> None:
    async with shop(steered_site, folder) as here, worker(folder) as first:
        (task, image), before = await here.asked(), here.changes()
        here.way.holds = Moment.THERE
        await here.killed(first, task, lambda: len(here.way.held) == 1)
        here.way.holds = Moment.NOWHERE
        here.way.held[0].get_lost()

        async with worker(folder):
            row = await here.ended(task)

        await assert_once(here, task, row, image, before)
        assert here.way.answers == [200]


async def test_a_patch_whose_answer_nobody_heard_is_not_sent_again(folder: Path, steered_site: Site) -> None:
    async with shop(steered_site, folder) as here, worker(folder) as first:
        (task, image), before = await here.asked(), here.changes()
        here.way.holds = Moment.BACK
        await here.killed(first, task, lambda: len(here.way.held) == 1)
        here.way.holds = Moment.NOWHERE
        here.way.held[0].get_lost()

        async with worker(folder):
            row = await here.ended(task)

        await assert_once(here, task, row, image, before)
        assert here.way.answers == [200]


@pytest.mark.parametrize("earlier", ["the one of the killed worker", "the one of the next worker"])
async def test_of_two_patches_that_are_on_their_way_one_is_taken(
    folder: Path, steered_site: Site, earlier: str
) -> None:
    async with shop(steered_site, folder) as here, worker(folder) as first:
        (task, image), before = await here.asked(), here.changes()
        here.way.holds = Moment.THERE
        await here.killed(first, task, lambda: len(here.way.held) == 1)

        async with worker(folder):
            await until(lambda: len(here.way.held) == 2)
            here.way.holds = Moment.NOWHERE
            is_first = earlier == "the one of the killed worker"
            one, other = here.way.held if is_first else reversed(here.way.held)
            one.go_on()
            await until(lambda: here.way.answers == [200])
            other.go_on()
            row = await here.ended(task)

        await assert_once(here, task, row, image, before)
        assert here.way.answers == [200, 422]


@pytest.mark.parametrize(("owner", "phase"), [("rollout", "Paused"), ("canary", "Progressing")])
async def test_what_its_owner_is_in_the_middle_of_is_waited_for_by_the_next_worker(
    folder: Path, steered_site: Site, owner: str, phase: str
) -> None:
    async with shop(steered_site, folder, owner) as here, worker(folder) as first:
        (task, image), before = await here.asked(), here.changes()
        await here.killed(first, task, lambda: here.phase() == phase)

        async with worker(folder):
            row = await here.ended(task)

        await assert_once(here, task, row, image, before)
        assert here.way.answers == [200]
