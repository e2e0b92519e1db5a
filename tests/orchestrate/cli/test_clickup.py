"""ClickUp on the command line: what the doctor says of it, and what is not done here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrate.app import assembled
from orchestrate.cli.doctor.finding import Finding, State
from orchestrate.cli.doctor.tracker import tracker
from orchestrate.settings import load
from tests.orchestrate.cli.world import Shop
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_world import LIST

TOKEN = "pk_1_robot"


@pytest.fixture
def server() -> Iterator[ClickUp]:
    with clickup() as running:
        yield running


@pytest.fixture
def shop(server: ClickUp, folder: Path) -> Shop:
    shop = Shop(folder)
    shop.write("one")
    tracker = f"tracker: {{kind: clickup, list: {LIST}, token: '${{CLICKUP_TOKEN}}', api: '{server.url}'}}"
    text = shop.settings.read_text().replace("people:", f"{tracker}\npeople:")
    shop.settings.write_text(text.replace("ada: {cli:", 'ada: {tracker: "2", cli:'))
    return shop


async def examined(shop: Shop, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> dict[str, Finding]:
    """What the doctor finds of the tracker."""
    monkeypatch.setenv("CLICKUP_TOKEN", token)
    async with assembled(load(shop.settings)) as app:
        return {one.what: one async for one in tracker(app)}


def test_the_doctor_tries_the_token_the_list_and_its_statuses(shop: Shop) -> None:
    ran = shop.run("doctor", "--json", timeout=60, CLICKUP_TOKEN=TOKEN)

    found = {one["what"]: one for one in ran.data["findings"]}  # pyright: ignore
    assert [found[f"ClickUp{what}"]["state"] for what in ("", " list 901", " people")] == ["ok"] * 3  # pyright: ignore
    assert "ada is Ada (2)" in found["ClickUp people"]["said"]  # pyright: ignore


async def test_the_doctor_names_a_status_that_is_lacking(
    shop: Shop, server: ClickUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.world.rename(LIST, "deploying", "shipping")

    found = (await examined(shop, monkeypatch))["ClickUp list 901"]

    assert found.state is State.FAIL
    assert "has no status 'Deploying' (it has: open, " in found.said
    assert "tracker: statuses: {Deploying: …}" in found.cure


async def test_the_doctor_lists_the_accounts_where_somebody_has_none(
    shop: Shop, server: ClickUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.world.members[2]

    found = (await examined(shop, monkeypatch))["ClickUp people"]

    assert found.said == "ada has no account there (accounts: Robot 1, Bob 3, Eve 4)"


async def test_the_doctor_warns_where_the_token_is_a_persons(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (await examined(shop, monkeypatch, "pk_2_ada"))["ClickUp"]

    assert (found.state, "the token is that of ada" in found.said) == (State.WARN, True)


@pytest.mark.parametrize(
    ("token", "said"), [("", "${CLICKUP_TOKEN} is not set"), ("pk_9_wrong", "does not accept the token")]
)
async def test_the_doctor_says_what_is_wrong_with_the_token(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    found = (await examined(shop, monkeypatch, token))["ClickUp"]

    assert found.state is State.FAIL
    assert said in found.said
    assert "pk_9_wrong" not in str(found)


async def test_the_doctor_names_a_list_that_is_gone_or_closed_to_us(
    shop: Shop, server: ClickUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.world.lists[LIST].permission = "read"
    closed = (await examined(shop, monkeypatch))["ClickUp list 901"]
    del server.world.lists[LIST]
    gone = (await examined(shop, monkeypatch))["ClickUp list 901"]

    assert "our account may only read there" in closed.said
    assert "does not give list 901" in gone.said and "name another list" in gone.cure


def test_tasks_of_clickup_are_not_kept_here(shop: Shop) -> None:
    ran = shop.run("task", "add", "Ship it", timeout=60, CLICKUP_TOKEN=TOKEN)

    assert ran.code == 1
    assert "tasks are in list 901 of ClickUp" in ran.out + ran.err


def test_a_task_of_clickup_is_deployed_by_name(shop: Shop, server: ClickUp) -> None:
    item = server.world.add(2, LIST, "Ship", status="draft", markdown="version: main")

    ran = shop.run("deploy", "run", "--env", "test", "--task", item.id, timeout=90, CLICKUP_TOKEN=TOKEN)

    assert ran.code == 0, ran.out + ran.err
    assert item.status == "deployed"
    said = [one.text or one.runs for one in server.world.thread(item.id)]
    assert any("Deployed" in str(one) for one in said)
