"""LangGraph's tools load the graphs and show what waits for a person; what they send decides nothing."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from pathlib import Path
from typing import cast

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from langgraph_cli.config import validate_config_file

from graphs.inbox import OTHERS, shown, wait_in
from graphs.state import Asking, Drive, State
from orchestrate.models.deployment import DecisionKind, ForApproval, ForTime, Outcome, Wait
from orchestrate.runner import Graph
from tests.orchestrate.cli.world import Shop
from tests.stories.places import quick
from tests.stories.world import World, world

ROOT = Path(__file__).parents[2]
FILE = ROOT / "langgraph.json"
WAIT = ForApproval(gate="Q7F3K2", until=1_800_000_000.0)

Parts = dict[str, object]


def part(value: object) -> Parts:
    return cast(Parts, value)


@pytest.mark.parametrize("asking", list(Asking))
def test_a_question_has_the_shape_of_both_inboxes_beside_our_own(asking: Asking) -> None:
    value = shown(WAIT, State(deployment="D1", plan="a" * 64, asking=asking))

    (request,), (review,) = (
        cast(list[Parts], value["action_requests"]),
        cast(list[Parts], value["review_configs"]),
    )
    assert set(request) == {"name", "args", "description"}
    assert review == {"action_name": request["name"], "allowed_decisions": ["approve", "reject"]}
    assert part(value["action_request"]) == {"action": request["name"], "args": request["args"]}
    assert set(part(value["config"])) == {"allow_accept", "allow_ignore", "allow_respond", "allow_edit"}
    assert part(request["args"])["plan"] == "a" * 64
    assert wait_in(value) == WAIT
    assert len(json.dumps(value)) < 2000


@pytest.mark.parametrize("wait", [WAIT, ForTime(until=5.0)])
def test_what_was_kept_before_there_were_inboxes_is_read_still(wait: Wait) -> None:
    assert wait_in(wait.model_dump(mode="json")) == wait
    assert OTHERS.isdisjoint(shown(ForTime(until=5.0), State()))


INBOX = [
    {"decisions": [{"type": "approve"}]},
    [{"type": "accept", "args": None}],
    "approve",
    True,
]


@pytest.mark.parametrize("sent", INBOX, ids=["chat ui", "agent inbox", "a word", "a truth"])
async def test_what_an_inbox_sends_approves_nothing(tmp_path: Path, sent: object) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        row, _, _ = await here.asked()
        question = here.question(row.id)
        lease = here.store.leases.take(row.id, "an inbox", 60)
        assert lease is not None
        config = RunnableConfig(configurable={"thread_id": row.id})

        await here.runner.graph.ainvoke(Command(resume=sent), config, context=Drive(lease), durability="sync")

        here.store.leases.release(lease)
        assert here.store.questions.question(question.id).is_open
        await approved_as_ever(here, row.id)


async def approved_as_ever(here: World, deployment: str) -> None:
    await here.approve(deployment, DecisionKind.APPROVED)
    assert (await here.go(deployment)).outcome is Outcome.DEPLOYED


def test_langgraphs_own_validator_takes_the_file() -> None:
    assert set(validate_config_file(FILE)["graphs"]) == {"deployment", "rollback"}


@pytest.mark.parametrize("name", ["deployment", "rollback"])
async def test_each_graph_is_loaded_as_the_tools_load_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    path, _, made = cast(dict[str, dict[str, str]], json.loads(FILE.read_text())["graphs"])[name][
        "path"
    ].partition(":")
    module = import_module(path.removeprefix("./").removesuffix(".py").replace("/", "."))

    async with getattr(module, made)(RunnableConfig()) as graph:
        drawing = cast(Graph, graph).get_graph()

    assert "roll_back" in drawing.nodes
    await asyncio.sleep(0)
