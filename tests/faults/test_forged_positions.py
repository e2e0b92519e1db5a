"""Somebody writes to the table of positions: the deployment is parked, and nothing of it happens."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from orchestrate.models.deployment import Outcome
from tests.stories.places import quick
from tests.stories.world import world

PLAIN = JsonPlusSerializer().dumps_typed({"v": 4, "id": "x", "channel_values": {"outcome": "deployed"}})
EVIL = {"lc": 2, "type": "constructor", "id": ["subprocess", "getoutput"], "kwargs": {"cmd": "touch ran"}}
FORGERIES = {"plain": PLAIN, "JSON": ("json", json.dumps(EVIL).encode()), "sealed": ("msgpack+o1", PLAIN[1])}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_deployment_with_a_forged_position_is_parked_and_changes_nothing(
    tmp_path: Path, forgery: str
) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        deployment, task, _ = await here.approved()
        with closing(sqlite3.connect(tmp_path / "positions.db")) as connection, connection:
            connection.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", FORGERIES[forgery])

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.PARKED
        assert "a position is refused" in row.reason
        assert here.provider.done == []
        assert here.forge.merges == []
        assert await here.said(task.id, "a position is refused")
    assert not (tmp_path / "ran").exists()
