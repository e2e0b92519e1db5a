"""A shop behind a router, whatever it runs on, and what sends requests to it meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from orchestrate.models.deployment import Deployment
from orchestrate.models.environment import Strategy
from tests.servers.docker_engine import BASE, DockerEngine
from tests.servers.live import Live, Words, does, environment, live, require, web
from tests.servers.load import PATIENCE, Counts, Load
from tests.servers.ports import free_ports

OLD = {"blue": 100}
LEAD = 0.3  # seconds of load before and after
LOOK = 0.05  # seconds between two looks from outside
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


class Audience:
    """Asks the public address, from outside, again and again which slot answers."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/health"
        self._answers: list[tuple[float, str]] = []

    async def listen(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            while True:
                with suppress(httpx.HTTPError, ValueError, LookupError):
                    told = (await client.get(self._url)).json()
                    self._answers.append((time.time(), told["slot"]))
                await asyncio.sleep(LOOK)

    async def hears(self, slot: str) -> None:
        """Wait until the slot answers: what stands before it may learn of it a moment later."""
        async with asyncio.timeout(PATIENCE):
            while all(who != slot for _, who in self._answers):
                await asyncio.sleep(LOOK)

    def first(self, slot: str) -> float:
        """When the slot answered first."""
        return min(at for at, who in self._answers if who == slot)

    def last(self, slot: str) -> float:
        """When the slot answered last; others have answered since."""
        found = max(at for at, who in self._answers if who == slot)
        assert self._answers[-1][0] > found + 1, "nobody else has answered since"
        return found


@asynccontextmanager
async def audience(port: int) -> AsyncGenerator[Audience]:
    """It listens until the end."""
    made = Audience(port)
    work = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


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
