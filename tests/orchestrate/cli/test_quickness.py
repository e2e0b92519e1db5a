"""Quickness: what is typed often begins at once."""

from __future__ import annotations

import resource
import subprocess
import sys

from orchestrate.cli.scene import Scene
from tests.orchestrate.cli.world import Shop, surroundings

HEAVY = {
    "langgraph",
    "sqlalchemy",
    "rich",
    "yaml",
    "orchestrate.app",
    "orchestrate.models.deployment",
    "orchestrate.settings",
}


def costs(shop: Shop, *programs: tuple[str, ...], rounds: int = 10) -> list[float]:
    """The processor time of each, the least of some rounds in which they take turns: others do not count."""
    turns = [[_once(shop, argv) for argv in programs] for _ in range(rounds)]
    return [min(column) for column in zip(*turns, strict=True)]


def _once(shop: Shop, argv: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *argv], cwd=shop.folder, env=surroundings(), capture_output=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seen_once(shop: Shop) -> None:
    """The store is there, and the settings were read before."""
    for _ in range(2):
        with Scene(config=shop.settings).store():
            pass


def test_the_overview_and_the_status_begin_at_once(shop: Shop) -> None:
    seen_once(shop)
    ours = ("-m", "orchestrate")

    nothing, overview, help_of_one, status = costs(
        shop, ("-c", "pass"), (*ours, "--help"), (*ours, "deploy", "--help"), (*ours, "deploy", "status")
    )

    assert max(overview, help_of_one) < 10 * nothing
    assert status < 20 * nothing


def test_the_status_imports_nothing_heavy(shop: Shop) -> None:
    seen_once(shop)

    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "orchestrate", "deploy", "status"],
        cwd=shop.folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=True,
    )

    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "nothing is under way" in ran.stdout
    assert HEAVY.isdisjoint(imported)
