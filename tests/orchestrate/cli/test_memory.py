"""What was learnt, on the command line: listed, shown, and forgotten on somebody's word."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager

import pytest

from orchestrate.cli.exits import Exit
from orchestrate.cli.scene import opened
from orchestrate.models.audit import AuditKind
from orchestrate.models.environment import Strategy
from orchestrate.models.learning import Learning
from orchestrate.models.plan import Shipped
from orchestrate.settings import load
from orchestrate.store import Store
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.orchestrate.store.facts import driven, plan

BAD = Learning(
    key="deployment/01KADFBAD",
    service="shop",
    environment="test",
    was_good=False,
    text="Rolled back: 50 % errors",
    files=("app.py", "b.py", "c.py", "d.py"),
    at=1_800_000_000.0,
)
GOOD = BAD.model_copy(
    update={"key": "deployment/01KADGOOD", "environment": "other", "was_good": True, "files": ("x.py",)}
)


def store_of(shop: Shop) -> AbstractContextManager[Store]:
    return opened(load(shop.settings))


@pytest.fixture
def learnt(shop: Shop) -> Shop:
    with store_of(shop) as store:
        store.learnings.add(BAD)
        store.learnings.add(GOOD)
    return shop


def test_nothing_was_learnt_yet(shop: Shop, command: Command) -> None:
    assert command("memory", "list").out == "nothing was learnt yet\n"
    assert json.loads(command("memory", "list", "--json").out) == {"learnings": []}


def test_what_was_learnt_is_listed_for_each_environment_and_file(learnt: Shop, command: Command) -> None:
    head, bad, good = command("memory", "list").out.splitlines()

    assert head.split() == ["id", "environment", "components", "went", "what", "files"]
    assert bad.startswith("01KADFBAD") and "badly" in bad and bad.endswith("app.py, b.py, c.py and 1 more")
    assert good.startswith("01KADGOOD") and "well" in good
    assert command("memory", "list", "--env", "test").out.splitlines()[1:] == [bad]
    (one,) = json.loads(command("memory", "list", "--file", "x.py", "--json").out)["learnings"]
    assert (one["id"], one["environment"], one["was_good"]) == ("01KADGOOD", "other", True)
    assert command("memory", "list", "--env", "nowhere").code == Exit.WRONG


def test_a_component_is_that_of_the_deployment_which_taught_it(learnt: Shop, command: Command) -> None:
    with store_of(learnt) as store:
        lease = driven(store)
        id = lease.deployment
        web = Shipped(
            component="web", strategy=Strategy.ROLLING, from_version=None, to_version=plan(id).version
        )
        store.deployments.planned(lease, plan(id).model_copy(update={"ships": (web,)}))
        store.learnings.add(BAD.model_copy(update={"key": f"deployment/{id}"}))

    (one,) = json.loads(command("memory", "list", "--component", "web", "--json").out)["learnings"]

    assert (one["id"], one["components"]) == (id, ["web"])
    assert command("memory", "list", "--component", "db").out == "nothing was learnt there\n"


def test_one_is_shown_with_all_its_files(learnt: Shop, command: Command) -> None:
    shown = command("memory", "show", "01KADFB")

    assert shown.out.splitlines() == [
        "01KADFBAD  shop in test, 2027-01-15 08:00 UTC: badly",
        "Rolled back: 50 % errors",
        "files       app.py, b.py, c.py, d.py",
    ]
    assert json.loads(command("memory", "show", "01KADFBAD", "--json").out)["learning"]["text"] == BAD.text
    for wrong in ("01KAD", "01K", "nothing"):
        assert command("memory", "show", wrong).code == Exit.WRONG


def test_a_wrong_one_is_forgotten_and_the_audit_says_on_whose_word(learnt: Shop, command: Command) -> None:
    assert command("memory", "rm", "01KADFBAD").code == Exit.WRONG
    assert command("memory", "rm", "01KADFBAD", "--reason", " ").code == Exit.WRONG

    done = command("memory", "rm", "01KADFBAD", "--reason", "it was the router")

    assert done.code == Exit.OK and "is forgotten, on the word of ada: it was the router" in done.out
    with store_of(learnt) as store:
        assert [one.key for one in store.learnings.all()] == [GOOD.key]
        (entry,) = [one for one in store.audit.tail() if one.kind is AuditKind.FORGOTTEN]
    assert entry.by == "ada"
    assert entry.facts == {"learning": BAD.key, "environment": "test", "reason": "it was the router"}


def test_who_may_not_overrule_forgets_nothing(shop: Shop, command: Command) -> None:
    shop.settings.write_text(shop.settings.read_text().replace("roles: [approver]", "roles: [qa]"))
    with store_of(shop) as store:
        store.learnings.add(BAD)

    refused = command("memory", "rm", "01KADFBAD", "--reason", "no")

    assert refused.code == Exit.NO
    with store_of(shop) as store:
        assert [one.key for one in store.learnings.all()] == [BAD.key]


def test_where_nothing_is_learnt_it_says_so(shop: Shop, command: Command) -> None:
    with shop.settings.open("a") as file:
        file.write("memory: {kind: none}\n")

    assert "memory: {kind: builtin}" in command("memory", "list").err
