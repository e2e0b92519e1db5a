"""The Claude Code plugin: its manifest, its command, its agent and its server are those of the product."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest
import yaml

from orchestrate.app import App
from orchestrate.chat import parse
from orchestrate.identity import Identity
from orchestrate.mcp import server
from prompts.__main__ import main
from prompts.claude_code import IN_PLUGIN, LOOKS, SERVER

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugin"
FRONT = re.compile(r"---\n(.*?\n)---\n(.+)", re.DOTALL)
PAGES = sorted(PLUGIN.rglob("*.md"))


def front(page: Path) -> dict[str, object]:
    """What stands at the head of a page; unquoted brackets would make it a list, and drop all of it."""
    match = FRONT.fullmatch(page.read_text())
    assert match is not None
    return cast(dict[str, object], yaml.safe_load(match[1]))


async def offered() -> dict[str, bool]:
    """The tools of the server, and whether each only looks."""
    made = server(cast(App, None), Identity("ada", None))
    return {
        one.name: bool(one.annotations and one.annotations.read_only_hint) for one in await made.list_tools()
    }


def test_the_manifest_and_the_server_are_named() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    servers = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"]

    assert re.fullmatch(r"[a-z][a-z-]*", manifest["name"])
    assert servers == {"orchestrate": {"command": "orchestrate", "args": ["mcp"]}}
    assert f"mcp__plugin_{manifest['name']}_{next(iter(servers))}__" == SERVER


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_front_matter_that_is_read(page: Path) -> None:
    head = front(page)

    assert isinstance(head["description"], str) and len(head["description"]) > 20
    assert all(isinstance(value, str | bool) for value in head.values())


async def test_the_command_is_a_persons_and_says_one_sentence_with_one_tool() -> None:
    head = front(PLUGIN / "commands" / "deploy.md")

    assert head["disable-model-invocation"] is True
    tools = str(head["allowed-tools"]).split(", ")
    assert {tool.rpartition("__")[2] for tool in tools} == {"say"} <= (await offered()).keys()
    assert "!`" not in (PLUGIN / "commands" / "deploy.md").read_text()  # no text of others in a shell


def test_the_hint_of_the_command_is_the_language() -> None:
    hint = str(front(PLUGIN / "commands" / "deploy.md")["argument-hint"]).strip("[]")

    assert {type(parse(one.strip())).__name__ for one in hint.split("|")} == {
        "Ship", "ShowStatus", "ShowHistory", "ShowPlan", "Answer", "GoBack", "Help",
    }  # fmt: skip


async def test_the_agent_is_made_from_the_prompt_and_only_looks(capsys: pytest.CaptureFixture[str]) -> None:
    main(["deployer-agent", "plugin"])

    assert (ROOT / IN_PLUGIN).read_text() == capsys.readouterr().out, "run: make deployer-agent"
    tools = str(front(ROOT / IN_PLUGIN)["tools"]).split(", ")
    assert set(tools) - {"Read", "Grep", "Glob"} == {f"{SERVER}{name}" for name in LOOKS}
    found = await offered()
    assert all(found[name] for name in LOOKS)
