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


def cost(shop: Shop, *argv: str, rounds: int = 5) -> float:
    """The processor time of a program, the least of some rounds: other programs do not count."""
    return min(_once(shop, argv) for _ in range(rounds))


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
    nothing = cost(shop, "-c", "pass", rounds=10)

    assert cost(shop, "-m", "orchestrate", "--help") < 10 * nothing
    assert cost(shop, "-m", "orchestrate", "deploy", "--help") < 10 * nothing
    assert cost(shop, "-m", "orchestrate", "deploy", "status") < 20 * nothing


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
