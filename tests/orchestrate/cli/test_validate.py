"""Stories of validating: every gate looks, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

STORE = ("orchestrate.db", "orchestrate.positions", "orchestrate.audit", "master.key", "settings.seen")
MIRRORS = {"shop.git", "forge.git"}
GROWING = ("logs", "admin.json", "state.json", "table.json", "totals.json")


def tree(folder: Path) -> dict[str, bytes | None]:
    """What is there, and what it holds, but for the store, what git keeps, and what grows by itself."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if not path.is_socket()}
    return {
        str(name): path.read_bytes() if path.is_file() and _stays(path) else None
        for name, path in found.items()
        if not MIRRORS & {*name.parts} and not name.name.startswith(STORE)
    }


def _stays(path: Path) -> bool:
    return path.suffix in (".json", ".yaml") and path.name not in GROWING


def test_looking_makes_no_folder(shop: Shop, command: Command) -> None:
    before = tree(shop.folder)

    ran = command("deploy", "validate", "--env", "test", "--version", "main")

    assert ran.code == 0
    assert tree(shop.folder) == before | {".orchestrate": None}


@pytest.mark.parametrize(
    "words",
    [("deploy", "validate", "--env", "test"), ("env", "show", "test"), ("deploy", "diff", "-e", "test")],
)
def test_looking_at_what_runs_changes_nothing(shop: Shop, command: Command, words: tuple[str, ...]) -> None:
    assert command("deploy", "--env", "test").code == 0
    command("env", "show", "test")
    shop.write("two")
    before = tree(shop.folder)

    assert command(*words).code == 0

    assert tree(shop.folder) == before
