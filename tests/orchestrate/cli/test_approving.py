"""Approving at the command line: what is read is what is hashed, and one person is never two."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrate import reports
from orchestrate.cli.scene import Scene
from orchestrate.models.deployment import Stage
from orchestrate.models.fact import canonical
from orchestrate.models.plan import Plan
from orchestrate.store.events import FORESIGHT
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

TWO = "requires_approval: true\n    approvals: 2\n    approvers: [ada, bo]"


def asked(command: Command, *words: str) -> str:
    ran = command("deploy", "run", "--env", "test", "--detach", "--json", *words)
    assert ran.code == 4
    return json.loads(ran.out)["deployment"]["id"]


def shop_of_two(folder: Path, more: str = "") -> Shop:
    shop = Shop(folder, rules=f"{TWO}{more}")
    text = shop.settings.read_text().replace("people:", "people:\n  bo: {cli: nobody-here}")
    shop.settings.write_text(text)
    return shop


def test_the_plan_at_the_terminal_is_the_one_that_is_hashed(asking_shop: Shop, command: Command) -> None:
    deployment = asked(command)

    said = json.loads(command("deploy", "plan", deployment, "--json").out)
    plan = Plan.model_validate(said["plan"])

    assert plan.hash == said["hash"]
    assert json.loads(canonical(plan)) == said["plan"]
    shown = command("deploy", "plan", deployment).out
    assert shown == f"{reports.plan_page(plan)}\n\n{reports.foresight(said['foresight'])}\n"
    assert "one person must approve" in said["markdown"]


def test_what_the_watch_would_see_stands_beside_the_plan(asking_shop: Shop, command: Command) -> None:
    deployment = asked(command)
    with Scene(config=asking_shop.settings).store() as store:
        plan = store.plans.of(deployment)
        store.events.add(deployment, Stage.PLAN, FORESIGHT, "web: sees 2 %", {"plan": plan.hash})
        store.events.add(deployment, Stage.PLAN, FORESIGHT, "web: of another", {"plan": "before"})

    shown, status = command("deploy", "plan", deployment), command("deploy", "status", deployment)

    assert shown.out.startswith(f"{reports.plan_page(plan)}\n\n")
    assert "no part of the plan, nor of its hash.\n" in shown.out and "\n- web: sees 2 %\n" in shown.out
    assert "web: sees 2 %" in json.loads(command("deploy", "plan", deployment, "--json").out)["foresight"]
    assert "would see   web: sees 2 %\n" in status.out and "would see   web: of another" not in status.out


def test_one_approval_of_two_is_counted_and_shown(folder: Path, command: Command) -> None:
    shop_of_two(folder, "\n    requesters_may_approve: true")
    deployment = asked(command)

    said = command("deploy", "approve", deployment)
    again = command("deploy", "approve", deployment)
    status = command("deploy", "status", deployment).out

    assert (said.code, again.out) == (0, said.out)
    assert "approved by ada (1 of the 2 persons who must approve)" in said.out
    assert "open, 1 of 2 approved, until" in status
    assert command("worker", "--once").code == 0
    assert json.loads(command("deploy", "status", deployment, "--json").out)["status"] == "waiting"


def test_who_asked_for_it_is_not_the_second_person(folder: Path, command: Command) -> None:
    shop_of_two(folder)
    deployment = asked(command)

    ran = command("deploy", "approve", deployment)

    assert (ran.code, ran.err) == (1, "error: ada asked for this deployment and may not approve it\n")
    assert command("deploy", "hold", deployment).code == 0


def test_a_yes_in_advance_that_does_not_count_says_why(folder: Path, command: Command) -> None:
    shop_of_two(folder)

    ran = command("deploy", "run", "--env", "test", "--yes", "--detach")

    assert ran.code == 4
    assert "--yes does not count: ada asked for this deployment and may not approve it" in ran.out


def test_nobody_approves_at_the_terminal_what_they_committed(asking_shop: Shop, command: Command) -> None:
    assert command("deploy", "run", "--env", "test", "--yes").code == 0  # the first: nothing runs yet
    text = asking_shop.settings.read_text().replace("{cli:", "{git: ada@example.test, cli:")
    asking_shop.settings.write_text(text)
    sha = asking_shop.write("faster")

    ran = command("deploy", "approve", asked(command))

    assert (ran.code, f"ada has a part in commit {sha[:10]}" in ran.err) == (1, True)
