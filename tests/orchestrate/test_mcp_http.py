"""MCP over HTTP, as a client sees it: the same tools, for whoever has the token and asks by our name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from orchestrate.errors import PortTaken, Refused
from orchestrate.identity import Identity
from orchestrate.mcp import server
from orchestrate.mcp_http import MOST_BYTES, address_of, served
from orchestrate.models.environment import Channel
from orchestrate.models.secret import Secret
from tests.orchestrate.counter.conftest import app_of
from tests.orchestrate.test_mcp import READS, WRITES, text
from tests.stories.places import person, quick
from tests.stories.world import world

TOKEN = "t" * 40
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
CALL = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}'
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.fixture
async def where(tmp_path: Path) -> AsyncGenerator[str]:
    """The address of the tools."""
    async with world(tmp_path, quick(tmp_path)) as here:
        made = server(app_of(here, tmp_path), Identity("ada", person(Channel.CLI, "ada")))
        async with served(made, Secret(TOKEN), ("127.0.0.1", 0)) as address:
            yield address


@asynccontextmanager
async def connected(where: str) -> AsyncGenerator[Client]:
    async with (
        httpx2.AsyncClient(headers=KNOWN, trust_env=False) as http,
        Client(streamable_http_client(where, http_client=http)) as client,
    ):
        yield client


async def answer(where: str, headers: dict[str, str], body: bytes = CALL) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(where, headers={**JSON, **headers}, content=body)).status_code


async def test_the_same_tools_are_served_and_none_approves(where: str) -> None:
    async with connected(where) as client:
        tools = {one.name for one in (await client.list_tools()).tools}
        said = await client.call_tool("status", {})
        refused = await client.call_tool("say", {"text": "Approved"})

    assert tools == READS | WRITES and len(tools) == 12
    assert "Nothing is under way" in text(said)
    assert refused.is_error and "a yes is said by a person" in text(refused)


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer nothing", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"bearer {TOKEN}"],
)
async def test_nobody_is_let_in_without_the_very_token(where: str, shown: str) -> None:
    assert await answer(where, {"Authorization": shown}) == 401
    assert await answer(where.replace("/mcp", "/other"), {"Authorization": shown}) == 401


async def test_two_tokens_are_none(where: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}"), *JSON.items()]
        assert (await http.post(where, headers=twice, content=CALL)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_a_page_of_a_browser_that_was_led_here_is_refused(
    where: str, headers: dict[str, str], code: int
) -> None:
    assert await answer(where, {**KNOWN, **headers}) == code


async def test_what_is_too_long_is_not_read(where: str) -> None:
    body = b" " * (MOST_BYTES + 1)

    assert await answer(where, KNOWN, body) == 413


@pytest.mark.parametrize("word", ["host", "1:x", "127.0.0.1:70000", "", ":-1", "127.0.0.1:٣"])
def test_what_is_no_address_is_refused(word: str) -> None:
    with pytest.raises(Refused, match="no address"):
        address_of(word)


def test_an_address_may_be_short() -> None:
    assert address_of("8788") == ("127.0.0.1", 8788)
    assert address_of("[::1]:8788") == ("::1", 8788)


async def test_a_token_that_can_be_guessed_and_an_open_address_are_refused(tmp_path: Path) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        made = server(app_of(here, tmp_path), Identity("ada", None))
        for token, host, said in (
            (TOKEN[:31], "127.0.0.1", "less than 32"),
            (TOKEN, "0.0.0.0", "in the clear"),
        ):
            with pytest.raises(Refused, match=said):
                async with served(made, Secret(token), (host, 0)):
                    pass
        async with served(made, Secret(TOKEN), ("127.0.0.1", 0)) as where:
            port = int(where.rpartition(":")[2].partition("/")[0])
            with pytest.raises(PortTaken):
                async with served(made, Secret(TOKEN), ("127.0.0.1", port)):
                    pass


async def test_a_proxy_that_is_named_may_ask_for_us(tmp_path: Path) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        made = server(app_of(here, tmp_path), Identity("ada", None))
        async with served(made, Secret(TOKEN), ("127.0.0.1", 0), ("mcp.example.com",)) as where:
            assert await answer(where, {**KNOWN, "Host": "mcp.example.com"}) == 200
            assert await answer(where, {**KNOWN, "Host": "evil.example"}) == 421
