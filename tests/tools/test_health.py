from __future__ import annotations

import socket

import pytest

from orchestrate.models.smoke import HealthCheck
from tests.servers.answering import Reply, answering, pages
from tools.health import Health, check

EXPECT = HealthCheck(expect={"status": "healthy", "db.up": "true"}, timeout=1)
GOOD = '{"status": "healthy", "db": {"up": true}}'


async def look(reply: Reply, health: HealthCheck = EXPECT) -> Health:
    with answering(pages({"/health": reply})) as address:
        return await check(address, health)


async def test_a_promised_answer_is_healthy() -> None:
    found = await look(Reply(body=GOOD))

    assert (found.ok, found.status, found.detail) == (True, 200, "")
    assert found.ms < 1000


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply(503, GOOD), "/health answered 503 instead of 200"),
        (Reply(503, "x" * 2**20), "/health answered 503 instead of 200"),
        (Reply(302, headers={"location": "/login"}), "/health redirects to /login (302)"),
        (Reply(body="<!DOCTYPE html><p>Welcome"), "/health answered an HTML page"),
        (Reply(body="<p>Welcome", kind="text/html; charset=utf-8"), "/health answered an HTML page"),
        (Reply(body="fine"), "/health answered no JSON"),
        (Reply(body="[" * 60_000), "/health answered no JSON"),
        (Reply(body='{"status": "sick"}'), "/health answered status=sick instead of healthy"),
        (Reply(body='{"status": "healthy"}'), "/health answered db.up=nothing instead of true"),
    ],
)
async def test_whatever_is_wrong_with_an_answer_is_named(reply: Reply, detail: str) -> None:
    found = await look(reply)

    assert (found.ok, found.detail) == (False, detail)


async def test_a_megabyte_is_named_and_not_read() -> None:
    found = await look(Reply(body="x" * 2**20))

    assert not found.ok and found.detail == "/health answered more than 64 KiB"


async def test_a_hanging_instance_is_given_up_in_time() -> None:
    found = await look(Reply(body=GOOD, delay=1.4))

    assert not found.ok and found.detail.endswith("/health did not answer within 1 s")
    assert found.ms < 1300


async def test_nobody_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = await check(f"127.0.0.1:{taken.getsockname()[1]}", EXPECT)

    assert not found.ok and found.status is None and found.detail


@pytest.mark.parametrize("address", ["", "nonsense", "127.0.0.1:99999", "127.0.0.1:x"])
async def test_an_address_that_is_none_is_named(address: str) -> None:
    assert not (await check(address, EXPECT)).ok
    assert not (await check(address, HealthCheck(path="", timeout=1))).ok


async def test_without_a_path_a_connection_is_enough() -> None:
    with answering(pages({})) as address:
        assert (await check(address, HealthCheck(path=""))).ok


async def test_proxies_of_the_machine_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert (await look(Reply(body=GOOD))).ok
