"""A shop behind a router, whatever it runs on, and what sends requests to it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from orchestrate.models.deployment import Deployment
from orchestrate.models.environment import Strategy
from tests.servers.docker_engine import BASE, DockerEngine
from tests.servers.live import Live, Words, does, environment, live, require, web
from tests.servers.load import Counts, Load
from tests.servers.ports import free_ports

OLD = {"blue": 100}
LEAD = 0.3  # seconds of load before and after
DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY . .
CMD ["python3", "-S", "live_service.py", "8000"]
"""


@asynccontextmanager
async def shop_under_load(
    folder: Path, strategy: Strategy, traffic: str, place: Words | None = None, **words: object
) -> AsyncGenerator[tuple[Live, Load]]:
    """A shop behind the router, in a `place` of its component's words, and what sends requests to it."""
    if traffic == "haproxy":
        require("haproxy")
    (port,) = free_ports(1)
    part = web(port, traffic=traffic) | dict(place or {})
    load = Load(folder / "load", port)
    given = environment(port, strategy=strategy, components=[part], **words)
    async with live(folder, {"production": given}, files(does())) as shop:
        try:
            await load.start()
            await asyncio.sleep(LEAD)
            yield shop, load
        finally:
            await load.end()


def in_docker(engine: DockerEngine) -> dict[str, object]:
    """What a component says of the engine; its image's own words start it."""
    return {"provider": "docker", "run": [], "docker": {"socket": engine.socket, "port": 8000}}


def in_compose(engine: DockerEngine) -> dict[str, object]:
    """What a component says of its compose file."""
    return {"provider": "compose", "run": [], "compose": {"socket": engine.socket, "port": 8000}}


def files(behaviour: Mapping[str, str]) -> dict[str, str]:
    """A version that can be built into an image, too."""
    return {**behaviour, "Dockerfile": DOCKERFILE, "compose.yaml": "services: {web: {build: {context: .}}}"}


async def deployed(
    shop: Live, load: Load, behaviour: Mapping[str, str]
) -> tuple[Deployment, dict[str, Counts]]:
    """A change, brought to production under load; and what whoever sent the load saw."""
    row = await shop.run(await shop.request(change=await shop.change("work", files(behaviour))))
    await asyncio.sleep(LEAD)
    return row, await load.end()


def frequency(seen: Mapping[str, Counts]) -> float:
    """Short requests per second."""
    return seen["kept"].rate + seen["new"].rate


async def page(shop: Live) -> set[str]:
    """What people read at the public address."""
    async with httpx.AsyncClient(trust_env=False) as client:
        url = await shop.place().addresses.public(shop.place().component("web"))
        return {(await client.get(url)).text.strip() for _ in range(10)}


def failures(seen: Mapping[str, Counts]) -> dict[str, int]:
    """Requests that did not end as they should, of each way of sending."""
    return {name: one.failed for name, one in seen.items()}


def breaks(seen: Mapping[str, Counts]) -> dict[str, int]:
    """Requests that were refused, reset or not answered in time, of each way of sending."""
    return {name: one.broken for name, one in seen.items()}
