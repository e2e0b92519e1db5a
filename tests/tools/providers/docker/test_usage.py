"""What containers take of the CPU is told since the last look at them, whoever is looked at meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tools.providers.docker.containers import PART, Container
from tools.providers.docker.engine import Answer, Engine
from tools.providers.docker.usage import Usage


class Told(Engine):
    """Tells of every container the CPU seconds that a test gives."""

    seconds = 0.0

    async def ask(self, *_: object, **__: object) -> Answer:
        spent = {"cpu_stats": {"cpu_usage": {"total_usage": self.seconds * 1e9}}}
        return Answer(200, json.dumps(spent).encode())


def container(key: str, part: str) -> Container:
    """One that was started an hour ago."""
    began = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.0Z"
    state, config = {"Status": "running", "StartedAt": began}, {"Labels": {PART: part}}
    return Container.model_validate({"Id": key, "State": state, "Config": config})


async def test_another_component_that_is_looked_at_makes_nobody_forget_the_last_look() -> None:
    engine, usage = Told("no.sock"), Usage()
    web, mail = container("w", "web"), container("m", "mail")
    for one in (web, mail):
        await usage.of(engine, one)
        usage.forget_but(one.label(PART), [one.key])
    engine.seconds = 1.0

    cpu, _ = await usage.of(engine, web)

    assert cpu is not None and cpu > 90  # a second of CPU since a moment ago, and not since an hour


async def test_a_container_that_is_gone_is_forgotten() -> None:
    engine, usage = Told("no.sock"), Usage()
    await usage.of(engine, container("w", "web"))
    usage.forget_but("web", [])
    engine.seconds = 1.0

    cpu, _ = await usage.of(engine, container("w", "web"))

    assert cpu is not None and cpu < 1
