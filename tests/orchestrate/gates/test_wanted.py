"""What a task demands beside its environment: more, and never less."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrate.models.change import Check, CheckState
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, GateName
from orchestrate.models.task import Priority, Queue, Task, TaskMetadata
from tests.orchestrate.gates.evidence import HEAD, change, evidence, finding

TESTS = Check(name="tests", state=CheckState.PASSED, sha=HEAD)


def told(*gates: str) -> Evidence:
    """A task that names these gates, about a head that only `tests` looked at."""
    task = Task(
        id="T-1",
        title="Ship",
        description="",
        queue=Queue.DEPLOY,
        status="Ready to Deploy",
        priority=Priority.P2,
        metadata=TaskMetadata(quality_gates=gates),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return evidence(task=task, change=change(checks=(TESTS,)))


def test_a_check_that_the_task_names_must_have_passed() -> None:
    assert finding(GateName.CI_CHECKS, told("tests")).finding is Finding.PASS

    found = finding(GateName.CI_CHECKS, told("tests", "load test"))

    assert (found.finding, "load test" in found.sentence) == (Finding.UNKNOWN, True)


@pytest.mark.parametrize(
    ("name", "gate", "expected"),
    [
        ("security_approval", GateName.SECURITY_APPROVAL, Finding.WAIT),
        ("QA approval", GateName.QA_APPROVAL, Finding.WAIT),
        ("security-scan", GateName.SECURITY_SCAN, Finding.UNKNOWN),
        ("rollback ready", GateName.ROLLBACK_READY, Finding.PASS),
    ],
)
def test_a_gate_that_the_task_names_is_demanded(name: str, gate: GateName, expected: Finding) -> None:
    found = told(name)

    assert finding(gate, found).finding is expected
    assert finding(GateName.CI_CHECKS, found).finding is Finding.PASS


def test_a_task_that_names_nothing_changes_nothing() -> None:
    assert all(finding(gate, told()) == finding(gate, told("tests")) for gate in GateName)
