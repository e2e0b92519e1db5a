"""The doctor looks at the ways in: webhooks and the token of programs, each with its cause and its cure."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from orchestrate.app import App, assembled
from orchestrate.cli.doctor.finding import Finding, State
from orchestrate.cli.doctor.webhooks import webhooks
from orchestrate.hooks import heard, secrets_of
from orchestrate.settings import load
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_world import LIST, Hook
from tests.servers.ports import free_port

SECRET = "s" * 40
URL = "https://hooks.example.invalid"


class Stranger(BaseHTTPRequestHandler):
    """Another program on our port."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def with_hooks(shop: Shop, monkeypatch: pytest.MonkeyPatch, more: str = "", secret: str = SECRET) -> None:
    monkeypatch.setenv("HOOK_SECRET", secret)
    line = f"webhooks: {{port: {free_port()}, github_secret: '${{HOOK_SECRET}}'{more}}}\n"
    shop.settings.write_text(line + shop.settings.read_text())


@asynccontextmanager
async def app_of(shop: Shop) -> AsyncGenerator[App]:
    async with assembled(load(shop.settings)) as app:
        yield app


async def found(app: App) -> dict[str, Finding]:
    return {one.what: one async for one in webhooks(app)}


async def test_where_no_webhooks_are_heard_nothing_is_said(shop: Shop) -> None:
    async with app_of(shop) as app:
        assert await found(app) == {}


async def test_a_port_at_which_nobody_listens_and_one_at_which_a_worker_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_hooks(shop, monkeypatch)
    async with app_of(shop) as app:
        silent = (await found(app))["webhooks port"]
        settings = app.settings.webhooks
        assert settings is not None
        async with heard(settings, secrets_of(app.settings, app.store), lambda _: None):
            listening = (await found(app))["webhooks port"]

    assert (silent.state, "orchestrate worker" in silent.cure) == (State.WARN, True)
    assert listening.state is State.OK


async def test_a_port_of_another_program_is_bad(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from http.server import ThreadingHTTPServer

    with_hooks(shop, monkeypatch)
    async with app_of(shop) as app:
        settings = app.settings.webhooks
        assert settings is not None
        with ThreadingHTTPServer((settings.host, settings.port), Stranger) as other:
            thread = threading.Thread(target=other.serve_forever)
            thread.start()
            one = (await found(app))["webhooks port"]
            other.shutdown()
            thread.join()

    assert (one.state, "answers 200" in one.said) == (State.FAIL, True)


async def test_a_secret_that_is_missing_or_short_and_an_address_that_leads_nowhere(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_hooks(shop, monkeypatch, f", url: 'http://127.0.0.1:{free_port()}/x'", "short")
    async with app_of(shop) as app:
        short = await found(app)
        monkeypatch.delenv("HOOK_SECRET")
        missing = await found(app)

    assert (short["webhooks"].state, "openssl" in short["webhooks"].cure) == (State.WARN, True)
    assert (short["webhooks url"].state, "lead http" in short["webhooks url"].cure) == (State.WARN, True)
    assert (list(missing), missing["webhooks"].state) == (["webhooks"], State.FAIL)
    assert "HOOK_SECRET" in missing["webhooks"].said


async def clickups(shop: Shop, server: ClickUp) -> Finding:
    async with app_of(shop) as app:
        return (await found(app))["ClickUp webhook"]


async def test_a_webhook_of_clickup_that_is_missing_suspended_or_of_another_secret(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKUP_TOKEN", "pk_1_robot")
    with clickup() as server:
        with_hooks(shop, monkeypatch, f", url: '{URL}', clickup_secret: '${{HOOK_SECRET}}'")
        line = f"tracker: {{kind: clickup, list: {LIST}, token: '${{CLICKUP_TOKEN}}', api: '{server.url}'}}\n"
        shop.settings.write_text(line + shop.settings.read_text())
        missing = await clickups(shop, server)
        hook = server.world.hooks["h"] = Hook("h", f"{URL}/webhooks/clickup", ("*",), SECRET)
        active = await clickups(shop, server)
        hook.secret = "another"
        other = await clickups(shop, server)
        hook.is_suspended = True
        suspended = await clickups(shop, server)

    assert (missing.state, missing.cure) == (State.WARN, "make one: docs/webhooks.md")
    assert active.state is State.OK
    assert (other.state, "its secret is another" in other.said) == (State.FAIL, True)
    assert (suspended.state, "suspended" in suspended.said) == (State.FAIL, True)


def test_the_token_of_programs_is_looked_at(
    shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.settings.write_text(shop.settings.read_text() + "mcp: {token: '${MCP_TOKEN}'}\n")
    monkeypatch.setenv("MCP_TOKEN", "short")
    short = command("doctor")
    monkeypatch.setenv("MCP_TOKEN", "t" * 40)
    good = command("doctor")

    assert (short.code, "less than 32 characters" in short.out) == (1, True)
    assert (good.code, "has a token for orchestrate mcp --http" in " ".join(good.out.split())) == (0, True)
