"""Stories of deploying: what is typed, what happens, and what the command ends with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import text

from orchestrate.cli.scene import Scene
from orchestrate.models.gate import GateName
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Ran, Shop
from tests.servers.ports import free_port

FROZEN = "freezes: [{start: '2000-01-01T00:00:00Z', end: '2999-01-01T00:00:00Z', reason: a fair}]"


def commit_served(shop: Shop) -> str:
    with urlopen(f"http://127.0.0.1:{shop.port}/", timeout=5) as answer:  # loopback
        return json.loads(answer.read())["COMMIT"]


def deployment_of(ran: Ran) -> Mapping[str, str]:
    return json.loads(ran.out)["deployment"]


def frozen(shop: Shop) -> None:
    shop.settings.write_text(
        shop.settings.read_text().replace("    type: dev\n", f"    type: dev\n    {FROZEN}\n")
    )


def test_a_version_is_deployed_followed_and_remembered(shop: Shop) -> None:
    ran = shop.run("deploy", "run", "--env", "test", "--version", "main")

    ran.check_calm()
    assert (ran.code, ran.err) == (0, "")
    assert "move 1/" in ran.out and "web/blue: 7/7 passed" in ran.out
    assert ran.out.splitlines()[-1].startswith("Deployed: shop ")
    assert commit_served(shop) == shop.remote.tip("main")


def test_what_was_deployed_can_be_looked_at(shop: Shop, command: Command) -> None:
    row = deployment_of(command("deploy", "--env", "test", "--json"))

    [listed] = json.loads(command("deploy", "history", "--json").out)["deployments"]
    detail = command("deploy", "status", row["id"], "--json").data
    assert listed == row and row["outcome"] == "deployed" and row["requested_by"] == "ada"
    assert detail["plan_hash"] and detail["effects"] and detail["events"]
    assert "web: start" in command("deploy", "logs", row["id"], "--contains", "start").out
    assert str(detail["plan_hash"]) in command("deploy", "plan", row["id"]).out
    assert "1 of 1 healthy  100 %" in command("env", "show", "test").out
    assert command("deploy", "status").out == "nothing is under way\n"


def test_history_goes_on_page_by_page(shop: Shop, command: Command) -> None:
    frozen(shop)
    ids = [deployment_of(command("deploy", "--env", "test", "--json"))["id"] for _ in range(3)]

    first = command("deploy", "history", "--limit", "2", "--json").data
    rest = command("deploy", "history", "--limit", "2", "--before", str(first["next"]), "--json").data

    seen = [one["id"] for page in (first, rest) for one in page["deployments"]]  # pyright: ignore
    assert seen == ids[::-1] and rest["next"] is None


def test_a_closed_gate_stops_it_and_a_person_may_overrule(shop: Shop, command: Command) -> None:
    frozen(shop)

    stopped = command("deploy", "run", "--env", "test")
    passed = command("deploy", "run", "--env", "test", "--override", "window=the fair needs it")

    assert stopped.code == 1
    assert "gate window: fail" in stopped.out and stopped.out.splitlines()[-1].startswith("blocked: ")
    assert passed.code == 0
    assert "the fair needs it" in command("deploy", "plan", _newest(command)).out


def test_only_some_people_may_overrule(folder: Path, command: Command) -> None:
    Shop(folder, roles="qa")

    ran = command("deploy", "run", "--env", "test", "--override", "window=I say so")

    assert (ran.code, "neither the role operator nor approver" in ran.err) == (1, True)


def test_a_service_that_does_not_start_is_taken_back(shop: Shop, command: Command) -> None:
    command("deploy", "--env", "test")
    good = commit_served(shop)
    shop.write("broken", does="crash")

    ran = command("deploy", "--env", "test")

    assert ran.code == 5
    assert ran.out.splitlines()[-1].startswith("rolled back: ")
    assert commit_served(shop) == good
    assert "### What happened to customers\n- " in command("deploy", "postmortem", _newest(command)).out


def test_what_went_well_has_no_post_mortem(shop: Shop, command: Command) -> None:
    command("deploy", "--env", "test")

    ran = command("deploy", "postmortem", _newest(command))

    assert (ran.code, "was not taken back" in ran.err) == (1, True)


def test_the_version_before_comes_back(shop: Shop, command: Command) -> None:
    first = shop.remote.tip("main")
    command("deploy", "--env", "test")
    shop.write("two")
    command("deploy", "--env", "test")

    ran = command("deploy", "rollback", "--env", "test", "--json")

    assert ran.code == 0
    assert deployment_of(ran)["kind"] == "rollback"
    assert commit_served(shop) == first


def test_a_named_version_comes_back(shop: Shop, command: Command) -> None:
    first = shop.remote.tip("main")
    for word in ("one", "two", "three"):
        shop.write(word)
        command("deploy", "--env", "test")

    assert command("deploy", "rollback", "--env", "test", "--version", first[:10]).code == 0
    assert commit_served(shop) == first


def test_what_one_environment_proved_goes_to_the_next(shop: Shop, command: Command) -> None:
    parts = shop.settings.read_text().partition("  test:\n")
    other = parts[2].replace(f"port: {shop.port}", "port: 0")
    shop.settings.write_text("".join(parts) + "  next:\n" + other + "    \n")
    command("deploy", "--env", "test")
    proven = shop.remote.tip("main")
    shop.write("not proven yet")

    ran = command("deploy", "promote", "--from", "test", "--to", "next", "--json")

    assert (ran.code, deployment_of(ran)["environment"]) == (0, "next")
    assert str(deployment_of(ran)["version"]) == proven[:12]


def test_a_difference_names_commits_and_moves(shop: Shop, command: Command) -> None:
    command("deploy", "--env", "test")
    shop.write("two")

    found = command("deploy", "diff", "--env", "test", "--json").data

    [commit], [ship] = found["commits"], found["ships"]  # pyright: ignore
    assert commit["subject"] == "Say two" and ship["to_version"]["commit"] == shop.remote.tip("main")
    assert found["settings_changed"] is False and found["migrations"] == []
    assert any("start 1" in move for move in found["moves"])  # pyright: ignore


def test_a_difference_does_not_take_a_database_that_is_away_for_one_without_migrations(
    shop: Shop, command: Command
) -> None:
    away = f"{{url: 'postgresql://shop@127.0.0.1:{free_port()}/shop', dialect: postgres, migrations: m}}"
    words = shop.settings.read_text()
    shop.settings.write_text(words.replace("name: web", f"name: web\n        database: {away}"))

    ran = command("deploy", "diff", "--env", "test")

    assert (ran.code, "database" in ran.err or "connect" in ran.err) == (3, True), (ran.err, words)


@pytest.mark.parametrize(("rule", "code", "verdict"), [("", 0, "pass"), (FROZEN, 1, "fail")])
def test_validating_runs_every_gate_and_changes_nothing(
    folder: Path, command: Command, rule: str, code: int, verdict: str
) -> None:
    shop = Shop(folder, rules=rule)
    command("db", "upgrade")
    before = everything(shop)

    ran = command("deploy", "validate", "--env", "test", "--json")

    gates: dict[str, str] = {one["gate"]: one["finding"] for one in json.loads(ran.out)["gates"]}
    assert (ran.code, gates["window"], set(gates)) == (code, verdict, set(GateName))
    assert everything(shop) == before
    table = command("deploy", "validate", "--env", "test").out
    assert table.startswith("gate ") and ("to clear window: " in table) is (code == 1)


def everything(shop: Shop) -> dict[str, object]:
    """Every row of the store, every file of the environment, every branch of the remote."""
    with Scene(config=shop.settings).store() as store, store.engine.connect() as connection:
        names = (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        )
        rows = {name: connection.execute(text(f"SELECT * FROM {name}")).all() for name in names}
    place = shop.folder / ".orchestrate" / "environments"
    files = {str(file): file.read_bytes() for file in place.rglob("*") if file.is_file()}
    return {**rows, "files": files, "refs": shop.remote.git("for-each-ref")}


def _newest(command: Command) -> str:
    return json.loads(command("deploy", "history", "--json").out)["deployments"][0]["id"]
