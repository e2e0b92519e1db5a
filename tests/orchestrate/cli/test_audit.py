"""The switch and the audit, as a person types them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import cast

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import ME, Shop


def database(shop: Shop) -> Path:
    return shop.folder / ".orchestrate" / "orchestrate.db"


def tampered(shop: Shop, *statements: str) -> None:
    with sqlite3.connect(database(shop)) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def stopped_and_allowed(command: Command) -> None:
    assert command("stop-effects", "--reason", "odd numbers").code == 0
    assert command("allow-effects", "--reason", "all is well").code == 0


def states(command: Command) -> dict[str, str]:
    found = cast("list[dict[str, str]]", command("doctor", "--json").data["findings"])
    return {one["what"]: one["state"] for one in found}


def entries(command: Command, *words: str) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", command("audit", "list", "--json", *words).data["entries"])


def test_a_stop_is_seen_everywhere_until_it_is_lifted(shop: Shop, command: Command) -> None:
    assert command("deploy", "status", "--json").data["effects_stopped"] is None

    assert command("stop-effects", "--reason", "odd numbers").code == 0

    for _ in range(2):  # the whole way, and the quick one
        assert "ada stopped effects: odd numbers" in command("deploy", "status").out
        data = command("deploy", "status", "--json").data["effects_stopped"]
        assert isinstance(data, dict) and data["by"] == "ada"
    assert states(command)["effects"] == "warn"
    assert command("allow-effects", "--reason", "all is well", "--json").data == {"effects": None}
    assert "stopped" not in command("deploy", "status").out
    assert (states(command)["effects"], states(command)["audit"]) == ("ok", "ok")


def test_what_is_refused_waits_and_goes_on(shop: Shop, command: Command) -> None:
    command("stop-effects", "--reason", "odd numbers", "--all")
    held = command("deploy", "run", "--env", "test", "--detach", "--json")
    status = command("deploy", "status").out

    command("allow-effects", "--reason", "all is well")
    done = command("worker", "--once")

    assert held.code == 4
    assert "effects: ada stopped all effects, undos too: odd numbers" in status
    assert done.code == 0
    assert command("deploy", "history").out.count("deployed") == 1


def test_a_worker_claims_nothing_meanwhile(shop: Shop, command: Command) -> None:
    shop.settings.write_text("flow: [test]\n" + shop.settings.read_text())
    command("task", "add", "Ship it", "--version", "main")
    command("stop-effects", "--reason", "odd numbers")

    ran = command("worker", "--once")

    assert (ran.code, "claimed" in ran.out) == (0, False)


def test_a_reason_is_asked_for(shop: Shop, command: Command) -> None:
    for words in (("stop-effects",), ("allow-effects",), ("audit", "anchor")):
        assert command(*words).code == 2
        assert command(*words, "--reason", " ").code == 2


def test_nothing_that_is_not_stopped_is_allowed(shop: Shop, command: Command) -> None:
    ran = command("allow-effects", "--reason", "all is well")

    assert (ran.code, ran.err) == (1, "error: nothing is stopped: effects may begin\n")


def test_anybody_may_stop_and_only_some_may_allow(shop: Shop, command: Command) -> None:
    shop.settings.write_text(shop.settings.read_text().replace("[approver]", "[]"))
    command("stop-effects", "--reason", "odd numbers")
    assert command("allow-effects", "--reason", "it was me").code == 0

    command("stop-effects", "--reason", "odd numbers")
    tampered(shop, "UPDATE stops SET by = 'rob'")

    refused = command("allow-effects", "--reason", "let me")
    assert refused.code == 1
    assert "ask rob" in refused.err
    shop.settings.write_text(shop.settings.read_text().replace(f"cli: {ME}, ", "cli: somebody-else, "))
    assert command("stop-effects", "--reason", "I am nobody here").code == 0


def test_the_audit_is_listed_and_holds(shop: Shop, command: Command) -> None:
    assert command("audit", "list").out == "nothing was told yet\n"
    stopped_and_allowed(command)

    listed = command("audit", "list").out.splitlines()
    verified = command("audit", "verify")

    assert len(listed) == 3 and "odd numbers" in listed[1]
    assert [one["kind"] for one in entries(command, "--after", "1")] == ["allowed"]
    assert verified.code == 0 and verified.out.startswith("all 2 entries hold; the head is 2:")


def test_what_a_deployment_did_is_listed_by_its_id(shop: Shop, command: Command) -> None:
    assert command("deploy", "run", "--env", "test").code == 0
    id = entries(command, "--limit", "1")[0]["deployment"]

    found = entries(command, "--deployment", id[:20])

    assert (found[0]["kind"], found[-1]["kind"]) == ("claimed", "ended")
    assert {one["deployment"] for one in found} == {id}
    report = shop.folder / ".orchestrate" / "reports" / f"{id}.json"
    assert command("audit", "verify", "--head", str(report)).code == 0
    assert command("audit", "list", "--deployment", "nothing").code == 2


def test_tampering_is_told_with_its_place(shop: Shop, command: Command) -> None:
    stopped_and_allowed(command)
    tampered(shop, "UPDATE audit SET event = replace(event, 'ada', 'rob') WHERE seq = 1")

    ran, data = command("audit", "verify"), command("audit", "verify", "--json")

    assert (ran.code, data.code) == (1, 1)
    assert ran.out == "broken at entry 1: flip: entry 1 was changed after it was written\n"
    broken = data.data["broken"]
    assert isinstance(broken, dict) and (broken["seq"], broken["damage"]) == (1, "flip")
    assert command("doctor").code == 1


def test_what_was_cut_off_is_missed_until_a_person_goes_on(shop: Shop, command: Command) -> None:
    stopped_and_allowed(command)
    head = str(command("audit", "verify", "--json").data["head"]["hash"])  # pyright: ignore
    tampered(shop, "DELETE FROM audit WHERE seq = 2")

    cut = command("audit", "verify")
    refused = command("deploy", "run", "--env", "test", "--detach")
    status = command("deploy", "status").out

    assert cut.out.startswith("broken at entry 2: truncation")
    assert refused.code == 4 or refused.code == 3
    assert "cannot be relied on" in status + refused.err
    assert command("audit", "anchor", "--reason", "restored a backup").code == 0
    assert command("audit", "verify").code == 0
    assert command("audit", "verify", "--head", head).code == 1


def test_a_head_that_is_none_is_refused(shop: Shop, command: Command) -> None:
    ran = command("audit", "verify", "--head", "nonsense")

    assert (ran.code, "neither a hash nor a file" in ran.err) == (2, True)


def test_going_on_needs_a_role(shop: Shop, command: Command) -> None:
    shop.settings.write_text(shop.settings.read_text().replace("[approver]", "[]"))

    assert command("audit", "anchor", "--reason", "let me").code == 1
