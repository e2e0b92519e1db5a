"""The command that serves tools over HTTP: with a token only, until it is stopped."""

from __future__ import annotations

import signal

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

TOKEN = "t" * 40


def test_without_a_token_nothing_is_served(shop: Shop, command: Command) -> None:
    said = command("mcp", "--http", "127.0.0.1:0")
    shop.settings.write_text(shop.settings.read_text() + "mcp: {token: '${MCP_TOKEN}'}\n")
    unset = command("mcp", "--http", "127.0.0.1:0")

    assert (said.code, "mcp: there is no token" in said.err) == (2, True)
    assert (unset.code, "MCP_TOKEN" in unset.err) == (2, True)


def test_it_serves_until_it_is_stopped(shop: Shop) -> None:
    shop.settings.write_text(shop.settings.read_text() + "mcp: {token: '${MCP_TOKEN}'}\n")

    serving = shop.begin("mcp", "--http", "127.0.0.1:0", MCP_TOKEN=TOKEN)
    assert serving.stderr is not None
    said = serving.stderr.readline()
    serving.send_signal(signal.SIGTERM)
    out, _ = serving.communicate(timeout=60)

    assert "tools are served at http://127.0.0.1:" in said
    assert (serving.returncode, out) == (0, "")
