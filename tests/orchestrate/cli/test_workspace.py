"""Workspaces, by hand."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from orchestrate.store import Store
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tools import workspace
from tools.listing import Quota


def test_one_is_made_shown_and_removed(shop: Shop, command: Command) -> None:
    folder = Path(command("workspace", "create").out.strip())
    (folder / "file").write_text("x")

    assert folder.parent == shop.folder / ".orchestrate/workspaces"
    assert folder.name in command("workspace", "list").out
    ran = command("workspace", "remove", folder.name)

    assert (ran.code, "destroyed, 3 entries removed" in ran.out) == (0, True)
    assert not folder.exists()
    assert command("workspace", "list").out == "no workspaces\n"
    assert command("workspace", "list", "--json").data == {"workspaces": []}


def test_what_is_gone_is_missing_and_that_is_fine(shop: Shop, command: Command) -> None:
    ran = command("workspace", "remove", f"ws-{'0' * 32}", "--json")

    assert (ran.code, ran.data["ending"]) == (0, "missing")


@pytest.mark.parametrize("name", ["/etc", "..", "shop.git", "-rf"])
def test_what_is_not_ours_is_refused(shop: Shop, command: Command, name: str) -> None:
    ran = command("workspace", "remove", "--", name)

    assert ran.code == 1 and "refused" in ran.err


def test_one_that_a_deployment_under_way_has_is_refused(asking_shop: Shop, command: Command) -> None:
    folder = Path(command("workspace", "create").out.strip())
    command("deploy", "run", "--env", "test", "--version", "main", "--detach")
    with closing(Store.open(f"sqlite:///{asking_shop.folder}/.orchestrate/orchestrate.db")) as store:
        (row,) = store.deployments.latest()
    workspace.bind(folder.parent, folder, row.id, is_over=lambda _: False)

    ran = command("workspace", "remove", folder.name)

    assert ran.code == 1 and "which is under way" in ran.err
    assert folder.exists()


def test_a_large_one_is_held_until_somebody_says_so(
    shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(command("workspace", "create").out.strip())
    for index in range(9):
        (folder / f"file{index}").touch()
    monkeypatch.setattr("orchestrate.cli.workspace.QUOTA", Quota(entries=5))

    held = command("workspace", "remove", folder.name)

    assert held.code == 1 and "--large" in held.err and folder.exists()
    assert command("workspace", "remove", folder.name, "--large").code == 0
