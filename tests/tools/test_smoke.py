from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from orchestrate.errors import NotFound
from orchestrate.models.environment import Component
from orchestrate.models.smoke import (
    CommandSmoke,
    HealthCheck,
    HttpSmoke,
    Smoke,
    SqlSmoke,
    TcpSmoke,
    WebSocketSmoke,
)
from tests.servers.answering import Heard, Reply, answering, pages
from tools.migrations import Applied, BackupReceipt
from tools.reach import Reach
from tools.smoke import SmokeResult, counted, smoke, smoke_checks


def secret(name: str) -> str:
    if name != "SHOP_TOKEN":
        raise NotFound(name)
    return "hush-hush"


class Counts:
    """A database that knows one number."""

    def __init__(self, number: str) -> None:
        self.number = number

    async def applied(self) -> tuple[Applied, ...]:
        return ()

    async def apply(self, name: str, sql: str) -> None: ...

    async def verify(self, name: str, sql: str) -> None: ...

    async def backup(self, into: Path) -> BackupReceipt:
        return BackupReceipt(location=str(into), tables=0, rows=0)

    async def value(self, query: str) -> str:
        return self.number


def shop(heard: Heard) -> Reply:
    """A small shop: a list, an echo, a private page, and something slow."""
    if heard.path == "/private":
        given = heard.headers.get("authorization", "nothing")
        return Reply(200 if given == "Bearer hush-hush" else 401, f'{{"given": "{given}"}}')
    if heard.path == "/echo":
        return Reply(201, heard.body)
    if heard.path == "/slow":
        return Reply(delay=0.4)
    return pages({"/items": Reply(body='{"items": [{"id": 7, "name": "mug"}]}')})(heard)


async def ask(check: Smoke) -> SmokeResult:
    with answering(shop) as address:
        return await smoke(check, f"http://{address}/", secret)


@pytest.mark.parametrize(
    "check",
    [
        HttpSmoke(name="list", path="/items", body="mug"),
        HttpSmoke(name="first", path="/items", json_path="items.0.id", equals="7"),
        HttpSmoke(name="order", path="/echo", method="POST", send='{"a": 1}', status=201, json_path="a"),
        HttpSmoke(name="private", path="/private", secret="SHOP_TOKEN"),  # noqa: S106
    ],
)
async def test_a_good_answer_passes(check: HttpSmoke) -> None:
    result = await ask(check)

    assert result.passed and result.name == check.name and result.sentence == f"in {result.ms} ms"


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (HttpSmoke(name="x", path="/gone"), "GET /gone answered 404 instead of 200"),
        (HttpSmoke(name="x", path="/items", body="cup"), "GET /items does not contain 'cup'"),
        (HttpSmoke(name="x", path="/items", json_path="items.1"), "GET /items has no items.1"),
        (
            HttpSmoke(name="x", path="/items", json_path="items.0.name", equals="cup"),
            "GET /items has items.0.name=mug instead of cup",
        ),
        (HttpSmoke(name="x", path="/private"), "GET /private answered 401 instead of 200"),
        (HttpSmoke(name="x", path="/private", secret="LOST"), "there is no thing 'LOST'"),  # noqa: S106
    ],
)
async def test_a_bad_answer_is_said_in_one_sentence(check: HttpSmoke, sentence: str) -> None:
    result = await ask(check)

    assert (result.passed, result.sentence) == (False, sentence)


async def test_a_slow_answer_fails() -> None:
    result = await ask(HttpSmoke(name="slow", path="/slow", within=100))

    assert not result.passed and "did not answer within 0.1 s" in result.sentence


async def test_a_secret_is_never_repeated() -> None:
    check = HttpSmoke(name="x", path="/private", secret="SHOP_TOKEN", json_path="given", equals="?")  # noqa: S106

    result = await ask(check)

    assert not result.passed and "hush" not in result.sentence and "•••" in result.sentence


async def test_without_an_address_nothing_passes() -> None:
    assert not (await smoke(HttpSmoke(name="x", path="/"), "", secret)).passed
    assert not (await smoke(WebSocketSmoke(name="x", path="/"), "", secret)).passed


async def test_a_port_opens_or_does_not() -> None:
    with answering(pages({})) as address:
        port = int(address.partition(":")[2])
        check = TcpSmoke(name="port", host="127.0.0.1", port=port)
        assert (await smoke(check, "", secret)).passed

    assert "did not open" in (await smoke(check, "", secret)).sentence


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (SqlSmoke(name="n", query="q", equals="12"), ""),
        (SqlSmoke(name="n", query="q", at_least=12), ""),
        (SqlSmoke(name="n", query="q", unchanged=True), ""),
        (SqlSmoke(name="n", query="q", equals="13"), "the query gives 12 instead of 13"),
        (SqlSmoke(name="n", query="q", at_least=13), "the query gives 12, at least 13 is expected"),
    ],
)
async def test_a_query_gives_what_is_expected(check: SqlSmoke, sentence: str) -> None:
    database = Counts("12")
    before = await counted((check,), database)

    result = await smoke(check, "", secret, database, before)

    assert result.passed is not bool(sentence)
    assert result.passed or result.sentence == sentence


async def test_rows_that_vanished_are_noticed() -> None:
    check = SqlSmoke(name="orders", query="select count(*) from orders", unchanged=True)
    before = await counted((check,), Counts("12"))

    result = await smoke(check, "", secret, Counts("3"), before)

    assert result.sentence == "the query gives 3; before the deployment it was 12"
    assert not (await smoke(check, "", secret, Counts("12"))).passed
    assert not (await smoke(check, "", secret)).passed


async def test_a_value_of_a_megabyte_is_not_compared() -> None:
    result = await smoke(SqlSmoke(name="n", query="q"), "", secret, Counts("1" * 2**20))

    assert (result.passed, result.sentence) == (False, "the query gives more than 64 KiB")


async def test_another_service_is_asked_where_a_test_names_one() -> None:
    with answering(pages({"/ping": Reply(204)})) as other, answering(shop) as own:
        check = HttpSmoke(name="pay", path="/ping", url=f"http://{other}", status=204)
        reach = Reach(frozenset({"127.0.0.1"}))
        assert (await smoke(check, f"http://{own}", secret, reach=reach)).passed
        refused = await smoke(check, f"http://{own}", secret, reach=Reach(frozenset()))

    assert not refused.passed and "no setting of the environment names it" in refused.sentence


async def test_a_command_must_end_with_zero() -> None:
    good = CommandSmoke(
        name="c", argv=(sys.executable, "-c", "import sys; sys.exit(sys.argv[1] != 'http://x')", "{url}")
    )
    bad = CommandSmoke(name="c", argv=(sys.executable, "-c", "raise SystemExit('no stock')"))
    slow = CommandSmoke(name="c", argv=(sys.executable, "-c", "import time; time.sleep(9)"), within=300)
    lost = CommandSmoke(name="c", argv=("no-such-program",))

    assert (await smoke(good, "http://x", secret)).passed
    assert "no stock" in (await smoke(bad, "", secret)).sentence
    assert "did not end in time" in (await smoke(slow, "", secret)).sentence
    assert "is not installed" in (await smoke(lost, "", secret)).sentence


@asynccontextmanager
async def parrot() -> AsyncGenerator[str]:
    async def repeat(socket: ServerConnection) -> None:
        await socket.send("welcome")
        async for said in socket:
            await socket.send(f"you said {said!r}")

    async with serve(repeat, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_websocket_opens_and_answers() -> None:
    async with parrot() as url:
        opens = await smoke(WebSocketSmoke(name="w", path="/chat"), url, secret)
        talks = await smoke(
            WebSocketSmoke(name="w", path="/chat", send="hi", expect="said 'hi'"), url, secret
        )
        mute = await smoke(WebSocketSmoke(name="w", path="/chat", expect="never", within=200), url, secret)

    assert opens.passed and talks.passed
    assert mute.sentence == "/chat did not give an answer with 'never' within 200 ms"


async def test_a_page_is_no_websocket() -> None:
    with answering(shop) as address:
        result = await smoke(WebSocketSmoke(name="w", path="/items"), f"http://{address}", secret)

    assert not result.passed and "/items" in result.sentence


async def defaults(replies: dict[str, Reply], component: Component | None = None) -> dict[str, bool]:
    """Which default checks a service gets, and whether it passes them."""
    with answering(pages(replies)) as address:
        url = f"http://{address}"
        checks = await smoke_checks(component or Component(name="api", port=80), url)
        return {check.name: (await smoke(check, url, secret)).passed for check in checks}


async def test_defaults_are_those_that_the_service_answers() -> None:
    found = await defaults(
        {"/health": Reply(body='{"status": "healthy"}'), "/metrics": Reply(body="up 1", kind="text/plain")}
    )

    assert found == {"GET /health": True, "GET /metrics": True}


async def test_a_page_for_every_path_answers_no_default() -> None:
    page = Reply(body="<html>", kind="text/html")

    assert await defaults({"/health": Reply(), "/ready": page, "/healthz": page}) == {"GET /health": True}


async def test_a_service_that_says_it_is_not_well_fails() -> None:
    found = await defaults(
        {
            "/health": Reply(body='{"status": "degraded"}'),
            "/ready": Reply(body='{"ready": false}'),
            "/healthz": Reply(503),
        }
    )

    assert found == {"GET /health": False, "GET /ready": False, "GET /healthz": False}


async def test_the_health_path_must_be_answered() -> None:
    assert await defaults({}) == {"GET /health": False}


async def test_configured_tests_replace_the_defaults_but_not_the_health_check() -> None:
    health = HealthCheck(path="/up", expect={"state": "fine"})
    part = Component(name="api", port=80, health=health, smoke=(HttpSmoke(name="list", path="/items"),))

    found = await defaults(
        {"/up": Reply(body='{"state": "fine"}'), "/items": Reply(), "/ready": Reply(503)}, part
    )

    assert found == {"GET /up state": True, "list": True}
