"""Positions: typed, sealed for their deployment, and refused when they are plain, forged or moved."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated, TypedDict

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from psycopg.sql import SQL

from orchestrate.errors import SealBroken
from orchestrate.models.change import Version
from orchestrate.models.deployment import Failure, Stage
from orchestrate.models.sealed import SealedSecret
from orchestrate.models.secret import MASK, Secret
from orchestrate.positions import positions
from orchestrate.positions.serializer import SealedSerializer, belonging_to

KEY = bytes(range(32))
CANARY = "kN9-canary-in-the-state"


class Notes(TypedDict):
    """A state with small and large values."""

    text: str
    number: int
    version: Annotated[Version, "a fact"]


def ask(state: Notes) -> Notes:
    interrupt(f"go on from {state['number']}?")
    return state


def graph(saver: BaseCheckpointSaver[str]):  # noqa: ANN201  langgraph's own long type
    flow = StateGraph(Notes)
    flow.add_node("ask", ask)
    flow.add_edge(START, "ask")
    flow.add_edge("ask", END)
    return flow.compile(checkpointer=saver)


def thread(name: str) -> RunnableConfig:
    return {"configurable": {"thread_id": name}}


@asynccontextmanager
async def waiting(url: str) -> AsyncGenerator[BaseCheckpointSaver[str]]:
    """Two deployments that wait: one and two."""
    async with positions(url, lambda: KEY) as saver:
        for number, name in enumerate(("one", "two")):
            version = Version(commit="a" * 40, tree="b" * 40, name="v1")
            state = Notes(text="plain words", number=number, version=version)
            await graph(saver).ainvoke(state, thread(name), durability="sync")
        yield saver


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def file(url: str) -> str:
    return url.removeprefix("sqlite:///").replace("store.db", "store.positions.db")


def forge(url: str, statement: str, *values: object) -> None:
    """Somebody writes to the table of positions."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(file(url))) as connection, connection:
            connection.execute(statement, values)
    else:
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(plain) as connection:
            connection.execute(SQL(statement.replace("?", "%s")), values)  # pyright: ignore[reportArgumentType]


async def assert_refused(url: str, name: str = "one", why: str = "a position is refused") -> None:
    async with positions(url, lambda: KEY) as saver:
        with pytest.raises(SealBroken, match=why):
            await graph(saver).aget_state(thread(name))


async def test_what_was_written_is_read(any_url: str) -> None:
    async with waiting(any_url) as saver:
        found = await graph(saver).aget_state(thread("two"))

        assert found.values["number"] == 1
        assert found.values["version"].name == "v1"
        assert len([one async for one in saver.alist(thread("two"))]) == 2


async def test_a_graph_goes_on_from_a_sealed_position(any_url: str) -> None:
    async with waiting(any_url):
        pass
    async with positions(any_url, lambda: KEY) as saver:
        config = thread("one")
        assert (await graph(saver).aget_state(config)).next == ("ask",)


async def test_nothing_can_be_read_in_the_tables(url: str) -> None:
    async with waiting(url):
        pass

    with closing(sqlite3.connect(file(url))) as connection:
        data = "".join(connection.iterdump())
    assert "plain words" not in data
    assert b"plain words".hex() not in data.lower()


@pytest.mark.postgres
async def test_no_small_value_stands_in_the_json_of_postgresql(postgres_url: str) -> None:
    async with waiting(postgres_url):
        pass

    with psycopg.connect(postgres_url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        rows = connection.execute("SELECT checkpoint::text || metadata::text FROM checkpoints").fetchall()
    assert rows
    assert all("plain words" not in str(row) for row in rows)


PLAIN = JsonPlusSerializer()
FORGED = {"v": 4, "id": "x", "channel_values": {"approved": True}, "channel_versions": {}, "ts": ""}
EVIL = {"lc": 2, "type": "constructor", "id": ["subprocess", "getoutput"], "kwargs": {"cmd": "id"}}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        PLAIN.dumps_typed(FORGED),
        ("json", json.dumps(EVIL).encode()),
        ("pickle", b"cos\nsystem\n(S'true'\ntR."),
        ("msgpack+o1", PLAIN.dumps_typed(FORGED)[1]),
        ("json+o1", json.dumps(EVIL).encode()),
        ("msgpack+aes", b"x" * 64),
        ("null", b""),
        ("msgpack+o1", b""),
    ],
)
async def test_a_plain_or_forged_position_is_refused(url: str, kind: str, data: bytes) -> None:
    async with waiting(url):
        pass

    forge(url, "UPDATE checkpoints SET type = ?, checkpoint = ? WHERE thread_id = 'one'", kind, data)

    why = "a position is refused" if kind == "msgpack+o1" else re.escape(f"it is not sealed ({kind})")
    await assert_refused(url, why=why)


async def test_a_plain_write_of_a_step_is_refused(url: str) -> None:
    async with waiting(url):
        pass

    kind, data = PLAIN.dumps_typed("Approved")
    forge(url, "UPDATE writes SET type = ?, value = ? WHERE thread_id = 'one'", kind, data)

    await assert_refused(url)


async def test_a_changed_bit_is_refused(url: str) -> None:
    async with waiting(url):
        pass

    forge(url, "UPDATE checkpoints SET checkpoint = CAST(zeroblob(8) || substr(checkpoint, 9) AS BLOB)")

    await assert_refused(url)


async def test_a_position_of_another_deployment_is_refused(url: str) -> None:
    async with waiting(url):
        pass
    forge(url, "DELETE FROM checkpoints WHERE thread_id = 'one'")
    forge(url, "UPDATE checkpoints SET thread_id = 'one' WHERE thread_id = 'two'")

    await assert_refused(url)


async def test_an_older_position_under_a_newer_id_is_refused(url: str) -> None:
    async with waiting(url):
        pass
    first = "(SELECT checkpoint FROM checkpoints WHERE thread_id = 'one' ORDER BY checkpoint_id LIMIT 1)"
    forge(url, f"UPDATE checkpoints SET checkpoint = {first} WHERE thread_id = 'one'")  # noqa: S608

    await assert_refused(url)


async def test_a_position_under_another_key_is_refused(url: str) -> None:
    async with waiting(url):
        pass

    async with positions(url, lambda: bytes(32)) as saver:
        with pytest.raises(SealBroken):
            await graph(saver).aget_state(thread("one"))


POSTGRES_FORGERIES = (
    "UPDATE checkpoint_blobs SET type = 'msgpack', blob = '\\x80'::bytea",
    "UPDATE checkpoint_blobs SET type = 'empty', blob = NULL",
    "DELETE FROM checkpoint_blobs",
    """UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{channel_values}',
       '{"whole": {"id": "x", "channel_values": {"approved": true}}}')""",
    """WITH gone AS (DELETE FROM checkpoint_blobs) UPDATE checkpoints SET checkpoint =
       jsonb_set(checkpoint, '{channel_values}', '{"whole": {"channel_values": {"approved": true}}}')""",
)


@pytest.mark.postgres
@pytest.mark.parametrize("statement", POSTGRES_FORGERIES)
async def test_a_forged_position_in_postgresql_is_refused(postgres_url: str, statement: str) -> None:
    async with waiting(postgres_url):
        pass

    forge(postgres_url, statement)

    await assert_refused(postgres_url)


async def test_positions_of_all_deployments_are_not_read_at_once(url: str) -> None:
    async with waiting(url) as saver:
        with pytest.raises(SealBroken):
            assert [one async for one in saver.alist(None)] == []


def test_only_our_own_types_are_rebuilt() -> None:
    serializer = SealedSerializer(lambda: KEY)
    row = SealedSecret(environment="e", name="n", version=1, sealed="", set_by="", set_at=0, sealed_at=0)

    with pytest.raises(SealBroken, match="types that are not ours: orchestrate.models.sealed.SealedSecret"):
        serializer.loads_typed(serializer.dumps_typed({"found": [row]}))


def test_a_position_opens_for_its_deployment_alone() -> None:
    serializer = SealedSerializer(lambda: KEY)
    with belonging_to("one"):
        written = serializer.dumps_typed({"a": 1})
        assert serializer.loads_typed(written) == {"a": 1}

    with pytest.raises(SealBroken):
        serializer.loads_typed(written)


def test_a_position_holds_no_secret_even_when_it_is_opened() -> None:
    Secret(CANARY)
    serializer = SealedSerializer(lambda: KEY)
    failure = Failure(stage=Stage.DEPLOY, kind="start", error=f"refused: {CANARY}", log_excerpt=CANARY)

    found = serializer.loads_typed(serializer.dumps_typed({"failure": failure, "reason": CANARY}))

    assert found == {
        "failure": failure.model_copy(update={"error": f"refused: {MASK}", "log_excerpt": MASK}),
        "reason": MASK,
    }
