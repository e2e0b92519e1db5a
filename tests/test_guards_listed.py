"""Every guard of the code is on the list of those that `make mutants` takes out."""

from __future__ import annotations

from tests.mutants.guards import GUARDS, NO_GUARDS, PLACES
from tests.mutants.places import refuses
from tests.mutants.removal import ROOT

PARTS = ("agents", "graphs", "orchestrate", "prompts", "tools")


def files_that_refuse() -> set[str]:
    files = (str(file.relative_to(ROOT)) for part in PARTS for file in (ROOT / part).rglob("*.py"))
    return {file for file in files if refuses(file)}


def test_every_file_that_refuses_is_on_the_list_or_says_why_not() -> None:
    listed = {place.file for place in PLACES}

    assert files_that_refuse() - listed == NO_GUARDS.keys()
    assert listed.isdisjoint(NO_GUARDS)


def test_no_line_of_the_list_is_empty() -> None:
    assert [place.file for place in PLACES if not place.removals()] == []


def test_every_witness_exists() -> None:
    named = {path for guard in GUARDS for path in guard.witness.split()}

    assert {path for path in named if not (ROOT / path).exists()} == set()
