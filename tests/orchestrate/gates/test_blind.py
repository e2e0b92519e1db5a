"""What could not be read is unknown, and unknown is never a pass."""

from __future__ import annotations

import pytest

from orchestrate.gates import findings
from orchestrate.models.gate import Finding, GateName
from tests.orchestrate.gates.evidence import evidence

CASES = [
    ("task", GateName.DEPENDENCIES),
    ("change", GateName.CI_CHECKS),
    ("change", GateName.REVIEWS),
    ("change", GateName.MERGEABLE),
    ("quarantines", GateName.QUARANTINE),
]


@pytest.mark.parametrize(("what", "gate"), CASES)
def test_a_gate_that_could_not_look_does_not_pass(what: str, gate: GateName) -> None:
    news: dict[str, object] = {"change": None} if what == "change" else {}

    found = {one.gate: one for one in findings(evidence(unread={what: "it does not answer"}, **news))}[gate]

    assert found.finding is Finding.UNKNOWN
    assert found.sentence == "it does not answer"
    assert found.cure


@pytest.mark.parametrize(("what", "gate"), CASES)
def test_what_was_not_looked_for_is_not_missed(what: str, gate: GateName) -> None:
    found = {one.gate: one for one in findings(evidence(change=None, task=None))}[gate]

    assert found.finding is Finding.PASS


def test_a_version_that_nobody_could_find_is_on_no_branch() -> None:
    blind = evidence(version=None, preview=None, change=None, unread={"version": "it does not answer"})

    found = {one.gate: one for one in findings(blind)}[GateName.BASE_BRANCH]

    assert (found.finding, found.sentence) == (Finding.UNKNOWN, "it does not answer")
