"""Every strategy through the whole graph, on a real Docker engine behind HAProxy, under load from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import Strategy
from tests.servers.docker_engine import DockerEngine
from tests.servers.live import does, require
from tests.servers.under_load import (
    OLD,
    breaks,
    deployed,
    failures,
    files,
    frequency,
    in_compose,
    in_docker,
    page,
    shop_under_load,
)
from tests.servers.workers import killed_at, queued, worker

pytestmark = [pytest.mark.docker, pytest.mark.haproxy, pytest.mark.slow]
WATCH = {"period": 40, "sample": 1, "report": 20, "alerts": ["errors"]}
SMOOTH = [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY]


@pytest.mark.parametrize("strategy", SMOOTH)
async def test_a_healthy_deployment_of_containers_costs_nobody_a_request(
    folder: Path, strategy: Strategy, docker_engine: DockerEngine
) -> None:
    async with shop_under_load(folder, strategy, "haproxy", in_docker(docker_engine)) as (shop, load):
        row, seen = await deployed(shop, load, does(page="Hello again"))

        assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50
        assert await page(shop) == {"Hello again"}
        live = (await shop.running()).live
        assert live is not None and live.version is not None
        assert {one.tree for one in live.instances} == {live.version.tree}
        assert shop.remote.git("rev-parse", "main^{tree}") == live.version.tree


@pytest.mark.parametrize("strategy", SMOOTH)
async def test_a_bad_release_of_containers_is_gone_within_half_a_minute_and_its_traffic_within_two_seconds(
    folder: Path, strategy: Strategy, docker_engine: DockerEngine
) -> None:
    async with shop_under_load(
        folder,
        strategy,
        "haproxy",
        in_docker(docker_engine),
        canary=[{"share": "50 %", "seconds": 60}],
        monitoring=WATCH,
    ) as (shop, load):
        row, seen = await deployed(shop, load, does("errors", bad_share=0.05))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        first = next(at for at, weights in shop.weights if set(weights) - set(OLD))
        (verdict,) = [one for one in shop.events(row.id, "verdict") if one.data["verdict"] == "fail"]
        back = next(at for at, weights in shop.weights if at > verdict.at and weights == OLD)
        assert back - first <= 30
        assert strategy is Strategy.ROLLING or back - verdict.at <= 2
        assert frequency(seen) >= 50
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0
        assert await page(shop) == {"Hello"}


MOMENTS = {
    "while containers start": ("move", "web: start 2"),
    "while the traffic moves": ("move", "web: traffic blue 50 %"),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_worker_that_is_killed_in_a_move_costs_no_request_and_leaves_no_container(
    folder: Path, moment: str, docker_engine: DockerEngine
) -> None:
    steps = [{"share": "50 %", "seconds": 5}]
    async with (
        shop_under_load(folder, Strategy.CANARY, "haproxy", in_docker(docker_engine), canary=steps) as (
            shop,
            load,
        ),
        worker(folder) as process,
    ):
        task = await queued(shop, await shop.change("again", files(does(page="Hello again"))))
        row = await killed_at(shop, process, task, *MOMENTS[moment])
        ended = await shop.serve(row.id)
        seen = await load.end()

        assert ended.outcome is Outcome.DEPLOYED, shop.told(ended.id)
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert (await shop.running()).weights == {"green": 100}
        labels = [one["Labels"] for one in docker_engine.listed()]
        assert sorted(one["orchestrate.slot"] for one in labels) == ["green", "green"]


async def test_a_healthy_deployment_of_a_compose_file_costs_nobody_a_request(
    folder: Path, docker_engine: DockerEngine
) -> None:
    require("docker-compose")
    words = in_compose(docker_engine)
    async with shop_under_load(folder, Strategy.CANARY, "haproxy", words) as (shop, load):
        row, seen = await deployed(shop, load, does(page="Hello again"))

        assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50
        assert await page(shop) == {"Hello again"}
