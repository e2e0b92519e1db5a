"""The page docs/cli.md: every command and every exit code stands there."""

from __future__ import annotations

import re

import pytest

from orchestrate.cli.exits import BY_OUTCOME, Exit
from tests.orchestrate.cli.test_help import LEAVES
from tests.orchestrate.cli.world import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text()
CODES = {
    int(found[1]): found[0]
    for line in PAGE.splitlines()
    if (found := re.match(r"\| (\d+) \|.*", line)) is not None
}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_is_explained(path: tuple[str, ...]) -> None:
    assert re.search(rf"`orchestrate {' '.join(path)}\b", PAGE)


@pytest.mark.parametrize("outcome", BY_OUTCOME)
def test_every_outcome_stands_beside_its_code(outcome: str) -> None:
    assert outcome in CODES[BY_OUTCOME[outcome]]


def test_every_exit_code_is_explained() -> None:
    assert set(CODES) == {*Exit} - {Exit.PIPE}
