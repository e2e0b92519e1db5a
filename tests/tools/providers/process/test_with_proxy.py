"""The provider behind the built-in proxy: a version is replaced under load, and no request fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop
from tests.servers.ports import free_port
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.providers.process.provider import ProcessProvider
from tools.systems.proxy import BuiltinProxy

ONE, TWO = version("v1"), version("v2")


def moves() -> list[Move]:
    """Blue grows, shrinks and gives way to green."""
    return [
        Scale(component="web", slot="blue", version=ONE, was=1, instances=2),
        Scale(component="web", slot="blue", version=ONE, was=2, instances=1),
        Start(component="web", slot="green", version=TWO, instances=1),
        SetTraffic(component="web", was={"blue": 100}, weights={"blue": 50, "green": 50}),
        SetTraffic(component="web", was={"blue": 50, "green": 50}, weights={"green": 100}),
        Drain(component="web", slot="blue", seconds=5),
        Stop(component="web", slot="blue", version=ONE, instances=1),
    ]


@dataclass
class Visitors:
    """People who ask again and again, and what they were told."""

    url: str
    left: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[str] = field(default_factory=list[str])

    async def visit(self, path: str, headers: dict[str, str]) -> None:
        async with httpx.AsyncClient(trust_env=False, base_url=self.url, timeout=10) as client:
            while not self.left.is_set():
                answer = await client.get(path, headers=headers)
                assert answer.status_code == 200
                self.told.append(answer.json()["VERSION"])
                await asyncio.sleep(0.05)


@pytest.fixture
def web() -> Component:
    return component(port=free_port(), drain_seconds=5)


@pytest.fixture
async def provider(web: Component, tmp_path: Path) -> AsyncGenerator[ProcessProvider]:
    made = ProcessProvider(
        environment(tmp_path / "root", web),
        None,
        lambda part: BuiltinProxy(tmp_path / "proxy", port=part.port),
    )
    for one in (ONE, TWO):
        await made.build(web, one, checkout(), silent)
    yield made
    await made.stop_all(web)


async def serve(provider: ProcessProvider, web: Component, version: Version) -> None:
    start = Start(component="web", slot="blue", version=version, instances=1)
    await provider.apply(web, start, silent)
    await provider.apply(web, SetTraffic(component="web", was={}, weights={"blue": 100}), silent)


async def test_a_version_is_replaced_under_load_without_a_failed_request(
    provider: ProcessProvider, web: Component
) -> None:
    await serve(provider, web, ONE)
    visitors = Visitors(await provider.public(web))

    async with asyncio.TaskGroup() as people:
        for path in ("/", "/slow"):
            for headers in ({}, {"connection": "close"}):
                people.create_task(visitors.visit(path, headers))
        for move in moves():
            await provider.apply(web, move, silent)
        visitors.left.set()

    assert visitors.told[0] == "v1"
    assert visitors.told[-1] == "v2"
    assert (await provider.running(web)).weights == {"green": 100}


async def test_when_nothing_is_left_the_address_still_answers(
    provider: ProcessProvider, web: Component
) -> None:
    await serve(provider, web, ONE)

    await provider.apply(web, Stop(component="web", slot="blue", version=ONE, instances=1), silent)

    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(await provider.public(web))).status_code == 503
