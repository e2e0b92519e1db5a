"""Files that a person reserves: listed, given back, and waited for."""

from __future__ import annotations

import json

import pytest

from orchestrate.cli.exits import Exit
from orchestrate.cli.scene import opened
from orchestrate.models.learning import Reservation
from orchestrate.settings import load
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.orchestrate.store.facts import accepted

BOBS = Reservation(holder="bob", service="shop", files=("b.py",), reason="", until=4e9, exclusive=True)


def test_files_are_reserved_listed_and_given_back(shop: Shop, command: Command) -> None:
    assert command("reserve", "list").out == "nothing is reserved\n"

    done = command("reserve", "add", "shop/*.py", "till.py", "--for", "1h", "--reason", "taken apart")

    assert done.code == Exit.OK and "reserved for ada until 20" in done.out
    _, first, _ = command("reserve", "list").out.splitlines()
    assert first.split()[:2] == ["shop/*.py", "ada"] and first.endswith("taken apart")
    assert command("reserve", "rm", "till.py").out.startswith("1 given back")
    (left,) = json.loads(command("reserve", "list", "--json").out)["reservations"]
    assert (left["path"], left["by"], left["exclusive"]) == ("shop/*.py", "ada", True)
    assert command("reserve", "rm").code == Exit.OK
    assert command("reserve", "rm").code == Exit.NO


def test_reserving_again_moves_the_end_and_keeps_the_rest(shop: Shop, command: Command) -> None:
    command("reserve", "add", "a.py", "b.py", "--for", "1h")

    command("reserve", "add", "a.py", "--for", "2h")

    found = json.loads(command("reserve", "list", "--json").out)["reservations"]
    assert [one["path"] for one in found] == ["a.py", "b.py"]
    assert 3500 < found[0]["until"] - found[1]["until"] < 3700


def test_who_works_on_it_already_is_named_and_goes_on(shop: Shop, command: Command) -> None:
    with opened(load(shop.settings)) as store:
        id = accepted(store).id
        ours = Reservation(holder=id, service="shop", files=("a.py",), reason="deploying", until=4e9)
        store.reservations.take(ours)

    assert f"{id} works on a.py already, and goes on" in command("reserve", "add", "a.py").err


def test_somebody_elses_are_given_back_by_who_may(shop: Shop, command: Command) -> None:
    with opened(load(shop.settings)) as store:
        store.reservations.add(BOBS)
    assert command("reserve", "rm", "--of", "bob").code == Exit.OK

    with opened(load(shop.settings)) as store:
        store.reservations.add(BOBS)
    shop.settings.write_text(shop.settings.read_text().replace("roles: [approver]", "roles: [qa]"))
    assert command("reserve", "rm", "--of", "bob").code == Exit.NO


def test_what_a_deployment_reserved_is_not_given_back_by_hand(shop: Shop, command: Command) -> None:
    with opened(load(shop.settings)) as store:
        id = accepted(store).id
        store.reservations.take(BOBS.model_copy(update={"holder": id, "exclusive": False}))

    assert command("reserve", "rm", "--of", id).code == Exit.NO


@pytest.mark.parametrize("lasts", ["soon", "0s", "-1h"])
def test_a_time_that_is_none_is_refused(shop: Shop, command: Command, lasts: str) -> None:
    refused = command("reserve", "add", "a.py", f"--for={lasts}")

    assert refused.code == Exit.WRONG and "such as 30s, 10m or 1h" in refused.err


def test_where_they_are_kept_elsewhere_it_says_so(shop: Shop, command: Command) -> None:
    with shop.settings.open("a") as file:
        file.write("reservations: {kind: none}\n")

    refused = command("reserve", "list")

    assert refused.code == Exit.NO and "reservations are kept by none" in refused.err
