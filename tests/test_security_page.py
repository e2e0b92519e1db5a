"""The page on security names a test for every threat, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "SECURITY.md").read_text()


def section(title: str) -> list[list[str]]:
    """The rows of a section's table, without its head."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def threats() -> list[list[str]]:
    rows = section("Threats, and the test that fails without the defence")
    return [row for row in rows if not row[0].startswith("**")]


def test_no_threat_is_without_a_defence_and_a_test() -> None:
    blank = [row for row in threats() if not all(row) or not re.search(r"`[^`]+`", row[2])]

    assert len(threats()) > 30
    assert blank == []


def test_every_test_that_is_named_exists() -> None:
    named = {name for row in threats() for name in re.findall(r"`([^`]+)`", row[2])}

    assert {name for name in named if not (TESTS / name).exists()} == set()


def test_every_attack_that_is_tried_is_on_the_page() -> None:
    tried = {f"faults/{file.name}" for file in (TESTS / "faults").glob("test_*.py")}

    assert {name for name in tried if name not in PAGE and name not in ALSO} == set()


ALSO = {"faults/test_paused_worker_live.py": "the same as test_paused_worker.py, with real processes"}


def test_every_secret_is_listed_with_its_place_readers_and_change() -> None:
    assert [row for row in section("Inventory of secrets") if not all(row)] == []
