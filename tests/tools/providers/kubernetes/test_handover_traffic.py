"""Steady load from outside while the owner of a workload moves its pods: nobody's request fails."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import StartFailed
from tests.servers.kubernetes.front import front
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import image_of, phase_of, until
from tests.servers.live import require
from tests.servers.load import Load
from tests.servers.ports import free_port
from tests.servers.sample_service import version
from tests.servers.under_load import LEAD, failures, frequency
from tests.tools.providers.kubernetes.handing import Here
from tools.systems.haproxy import HAProxy

pytestmark = [pytest.mark.kubernetes, pytest.mark.haproxy, pytest.mark.slow, pytest.mark.timeout(240)]

ONE, TWO, THREE = version("v1"), version("v2"), version("v3")
STEPS: tuple[Json, ...] = ({"setWeight": 25}, {"pause": {"duration": "2s"}}, {"setWeight": 50}, {"pause": {}})
Tell = Callable[[str, object], None]


@asynccontextmanager
async def under_load(site: Site, folder: Path) -> AsyncGenerator[tuple[Here, Load]]:
    """Version one in four pods of a Rollout behind its Service, and what sends requests to it."""
    require("haproxy")
    here, port = Here.at(site, folder, pause=3, rollout="shop"), free_port()
    load = Load(folder / "load", port)
    for one in (ONE, TWO, THREE):
        await here.build(one)
    here.team.make_service()
    await here.team.make_rollout(await here.image(ONE), *STEPS, replicas=4)
    await here.start("blue", ONE)
    async with front(site.cluster, here.team.namespace, "shop", HAProxy(folder / "front", port=port)):
        await asyncio.sleep(1)
        await load.start()
        await asyncio.sleep(LEAD)
        try:
            yield here, load
        finally:
            await load.end()
            here.team.leave()


async def test_all_its_steps_and_a_way_back_in_the_middle_of_them_cost_nobody_a_request(
    steered_site: Site, tmp_path: Path, record_property: Tell
) -> None:
    async with under_load(steered_site, tmp_path) as (here, load):
        work = asyncio.create_task(here.start("green", TWO))
        await until(lambda: _pauses(here))
        here.team.promote()
        await work
        assert here.team.behind() == {await here.image(TWO)}

        work = asyncio.create_task(here.start("blue", THREE))
        await until(lambda: _pauses(here))
        assert here.team.behind() == {await here.image(TWO), await here.image(THREE)}
        here.team.abort()
        with pytest.raises(StartFailed, match="Degraded: RolloutAborted"):
            await work
        await until(lambda: len(here.team.behind()) == 1)
        await asyncio.sleep(LEAD)
        seen = await load.end()

        assert image_of(here.team.rollout()) == await here.image(TWO)
        sys.stdout.write(f"{seen}\n")
        record_property("requests", sum(one.requests for one in seen.values()))
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50


def _pauses(here: Here) -> bool:
    """Whether it waits at the last of its steps."""
    found = here.team.rollout()
    return phase_of(found) == "Paused" and cast("Json", found["status"]).get("currentStepIndex") == 3
