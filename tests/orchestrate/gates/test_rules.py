"""Gates about rules: windows in their own time zone, promotion, quarantine, dependencies, the way back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrate.gates import findings
from orchestrate.gates.rules import is_open
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import EnvironmentType, Gates
from orchestrate.models.gate import Finding, GateName, Override
from orchestrate.models.proven import Proven, Sameness
from orchestrate.models.quarantine import Quarantine
from orchestrate.models.rehearsed import Rehearsal, Trial
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.task import Task
from orchestrate.models.windows import CalledFreeze, Freeze, Window
from tests.orchestrate.gates.evidence import AT, HEAD, VERSION, evidence, finding


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


def test_a_freeze_that_a_person_called_says_who_why_and_until_when() -> None:
    called = CalledFreeze(start=FREEZE.start, end=FREEZE.end, reason="database moves", by="ada")

    found = finding(GateName.WINDOW, evidence({"window": Window()}, called_freeze=called))

    assert found.finding is Finding.FAIL
    assert found.sentence == f"frozen by ada until {FREEZE.end}: database moves"
    assert "orchestrate env thaw" in found.cure


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


def test_another_artifact_than_staging_ran_is_refused_though_the_version_is_the_same() -> None:
    ran = Proven(
        component="web",
        environment="staging",
        deployment="01ABC",
        commit=VERSION.commit,
        digest="sha256:1",
        sameness=Sameness.DIGEST,
    )
    rules: dict[str, object] = {"gates": Gates(promoted_from="staging")}
    same = evidence(rules, promoted=True, proven=(ran,), digests={"web": "sha256:1"})
    other = evidence(rules, promoted=True, proven=(ran,), digests={"web": "sha256:2"})

    assert finding(GateName.PROMOTION, same).finding is Finding.PASS
    found = finding(GateName.PROMOTION, other)
    assert found.finding is Finding.FAIL
    assert found.sentence == "web: staging ran sha256:1, and here this version is sha256:2"


def test_what_did_badly_here_is_refused_with_the_reason() -> None:
    found = finding(GateName.QUARANTINE, evidence(quarantines=(BAD,)))

    assert found.finding is Finding.FAIL
    assert "5 % of the requests failed" in found.sentence
    assert "--override quarantine" in found.cure


@pytest.mark.parametrize(("waits_for", "expected"), [((), Finding.PASS), (("T-2",), Finding.FAIL)])
def test_a_task_waits_for_those_before_it(waits_for: tuple[str, ...], expected: Finding) -> None:
    task = Task(id="T-1", title="Ship", status="Ready to Deploy", depends_on=waits_for, created_at=AT)

    assert finding(GateName.DEPENDENCIES, evidence(task=task)).finding is expected


SERVING = Running(
    component="web", slots=(Slot(name="blue", version=VERSION, wanted=2),), weights={"blue": 100}
)


def tried(trial: Trial, version: Version | None = None) -> Rehearsal:
    return Rehearsal(component="web", environment="staging", trial=trial, deployment="D7", version=version)


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (Trial.DONE, Finding.PASS),
        (Trial.FAILED, Finding.FAIL),
        (Trial.MISSING, Finding.FAIL),
        (Trial.OFF, Finding.PASS),
        (Trial.IMPOSSIBLE, Finding.PASS),
        (Trial.UNTOLD, Finding.UNKNOWN),
    ],
)
def test_production_is_ready_when_the_way_back_was_tried_wherever_it_could_be(
    trial: Trial, expected: Finding
) -> None:
    found = finding(GateName.ROLLBACK_READY, evidence(rehearsals=(tried(trial),), running=(SERVING,)))

    assert found.finding is expected
    assert "the way back" in found.sentence and "staging" in found.sentence
    is_against = expected is not Finding.PASS
    assert ("set rehearse_rollback: false there" in found.cure) is is_against
    assert ("--override rollback_ready=REASON" in found.cure) is is_against


def test_a_way_back_to_another_version_than_the_live_one_is_said() -> None:
    other = VERSION.model_copy(update={"tree": "d" * 40, "name": "older"})

    found = finding(
        GateName.ROLLBACK_READY, evidence(rehearsals=(tried(Trial.DONE, other),), running=(SERVING,))
    )

    assert found.finding is Finding.PASS
    assert f"rehearsed the way back to older, and not to {VERSION.name}" in found.sentence


def test_a_first_version_has_nothing_to_go_back_to() -> None:
    given = evidence(rehearsals=(tried(Trial.MISSING),), running=(Running(component="web"),))

    assert finding(GateName.ROLLBACK_READY, given).finding is Finding.PASS


def test_what_would_be_gone_back_to_must_be_known() -> None:
    given = evidence(rehearsals=(tried(Trial.MISSING),), running=None)

    assert finding(GateName.ROLLBACK_READY, given).finding is Finding.UNKNOWN


def test_who_passes_the_way_back_is_named_with_the_reason() -> None:
    override = Override(gate=GateName.ROLLBACK_READY, by="ada", reason="staging is down")
    request = Request(environment="production", requested_by="rob", change="7", overrides=(override,))

    given = evidence(request=request, rehearsals=(tried(Trial.FAILED),), running=(SERVING,))

    results = findings(given)

    (found,) = [one for one in results if one.gate is GateName.ROLLBACK_READY]
    assert (found.finding, found.overridden_by) == (Finding.PASS, "ada")
    assert "staging is down" in found.sentence and "did not work" in found.sentence


@pytest.mark.parametrize(
    ("chosen", "said"), [(True, "is rehearsed at the end"), (False, "as chosen here"), (None, "says why not")]
)
def test_where_it_is_rehearsed_validate_says_so(chosen: bool | None, said: str) -> None:
    given = evidence({"type": EnvironmentType.STAGING, "rehearse_rollback": chosen})

    assert finding(GateName.ROLLBACK_READY, given).sentence.endswith(said)
