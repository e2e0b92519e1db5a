"""What containers take of the CPU is told since the last look at them, whoever is looked at meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from orchestrate.errors import Unreachable
from tools.providers.docker.containers import PART, Container
from tools.providers.docker.engine import Answer, Engine
from tools.providers.docker.usage import Usage


class Told(Engine):
    """Tells of every container the CPU seconds that a test gives."""

    seconds = 0.0
    said: bytes | None = None  # in place of that

    async def ask(self, *_: object, **__: object) -> Answer:
        if self.said is not None:
            return Answer(200, self.said)
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


async def test_of_a_container_that_ends_just_now_the_engine_tells_nothing() -> None:
    engine = Told("no.sock")
    engine.said = b""

    assert await Usage().of(engine, container("w", "web")) == (None, None)


@pytest.mark.parametrize("said", [b'{"cpu_stats": {', b"<html>", b"[]", b"null", b"\xff"])
async def test_an_answer_that_was_cut_off_is_no_measurement(said: bytes) -> None:
    engine = Told("no.sock")
    engine.said = said

    with pytest.raises(Unreachable, match="answered 200 with something else"):
        await Usage().of(engine, container("w", "web"))


@pytest.mark.parametrize("said", [b"", b"[]", b'{"Descriptor": {}}', b'{"Descriptor": {"digest": 7}}'])
def test_what_the_engine_leaves_out_is_missed_by_its_name(said: bytes) -> None:
    with pytest.raises(Unreachable, match="something else|did not say Descriptor.digest"):
        Answer(200, said).text("Descriptor", "digest")
    assert Answer(200, b'{"Descriptor": {"digest": "sha256:1"}}').text("Descriptor", "digest") == "sha256:1"


@pytest.mark.parametrize("said", [b"", b"{}", b"[1]"])
def test_a_list_that_is_none_is_told_and_not_taken_for_an_empty_one(said: bytes) -> None:
    with pytest.raises(Unreachable):
        Answer(200, said).listed()
