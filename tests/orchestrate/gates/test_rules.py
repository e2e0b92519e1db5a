"""Gates about rules: windows and freezes in their own time zone, promotion, quarantine, dependencies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrate.gates.rules import is_open
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import Freeze, Gates, Window
from orchestrate.models.gate import Finding, GateName
from orchestrate.models.quarantine import Quarantine
from orchestrate.models.task import Task
from tests.orchestrate.gates.evidence import AT, HEAD, evidence, finding


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = Window(start="09:00", end="17:00", zone="Europe/Berlin")
NIGHT = Window(days=("fri",), start="22:00", end="04:00")


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (OFFICE, "2026-11-18T08:00", True),  # 09:00 in Berlin
        (OFFICE, "2026-11-18T07:59", False),
        (OFFICE, "2026-11-18T16:00", False),  # 17:00 is over
        (OFFICE, "2026-11-21T10:00", False),  # a Saturday
        (OFFICE, "2026-07-15T07:00", True),  # summer time: 09:00 in Berlin
        (OFFICE, "2026-07-15T15:00", False),
        (NIGHT, "2026-11-20T22:00", True),
        (NIGHT, "2026-11-21T03:59", True),  # the night of Friday
        (NIGHT, "2026-11-21T04:00", False),
        (NIGHT, "2026-11-20T03:00", False),  # the night of Thursday
    ],
)
def test_a_window_is_open_in_its_own_time_zone(window: Window, now: str, expected: bool) -> None:
    assert is_open(window, at(now)) is expected


FREEZE = Freeze(start="2026-11-18T11:00:00+00:00", end="2026-11-18T13:00:00+00:00", reason="launch")


def test_a_freeze_beats_a_window() -> None:
    found = finding(GateName.WINDOW, evidence({"window": Window(), "freezes": (FREEZE,)}))

    assert found.finding is Finding.FAIL
    assert "launch" in found.sentence


def test_outside_the_window_nothing_starts() -> None:
    assert finding(GateName.WINDOW, evidence({"window": NIGHT})).finding is Finding.FAIL


def rollback() -> Request:
    return Request(kind=Kind.ROLLBACK, environment="production", version="v1", requested_by="ada")


@pytest.mark.parametrize("gate", [GateName.WINDOW, GateName.PROMOTION, GateName.QUARANTINE])
def test_a_rollback_is_stopped_by_no_rule(gate: GateName) -> None:
    rules: dict[str, object] = {"freezes": (FREEZE,), "gates": Gates(promoted_from="staging")}

    given = evidence(rules, request=rollback(), promoted=False, quarantines=(BAD,))

    assert finding(gate, given).finding is Finding.PASS


BAD = Quarantine(
    environment="production",
    service="shop",
    commit=HEAD,
    change="7",
    reason="5 % of the requests failed",
    deployment="01ABC",
    at=AT.timestamp(),
)


@pytest.mark.parametrize(
    ("promoted", "expected"), [(None, Finding.UNKNOWN), (False, Finding.FAIL), (True, Finding.PASS)]
)
def test_production_takes_what_staging_proved(promoted: bool | None, expected: Finding) -> None:
    given = evidence({"gates": Gates(promoted_from="staging")}, promoted=promoted)

    assert finding(GateName.PROMOTION, given).finding is expected


def test_what_did_badly_here_is_refused_with_the_reason() -> None:
    found = finding(GateName.QUARANTINE, evidence(quarantines=(BAD,)))

    assert found.finding is Finding.FAIL
    assert "5 % of the requests failed" in found.sentence
    assert "--override quarantine" in found.cure


@pytest.mark.parametrize(("waits_for", "expected"), [((), Finding.PASS), (("T-2",), Finding.FAIL)])
def test_a_task_waits_for_those_before_it(waits_for: tuple[str, ...], expected: Finding) -> None:
    task = Task(id="T-1", title="Ship", status="Ready to Deploy", depends_on=waits_for, created_at=AT)

    assert finding(GateName.DEPENDENCIES, evidence(task=task)).finding is expected
