"""Gates about the place: reachable, roomy, measured; and what a rollback is spared."""

from __future__ import annotations

import pytest

from orchestrate.gates import findings
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Component, Database, EnvironmentType, Monitoring
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, GateName
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.runtime import Resources, Running
from orchestrate.models.sample import SampleState
from orchestrate.models.smoke import HealthCheck
from orchestrate.reports.providers import EXAMPLES
from tests.orchestrate.gates.evidence import LIVE, evidence, finding
from tests.stories.places import WEB


@pytest.mark.parametrize(
    ("news", "said"),
    [
        ({"port": 0}, "web: no port, so its pods have no readiness probe"),
        ({"health": HealthCheck(path="")}, "web: no health path, so its readiness probe wants a connection"),
        ({}, ""),
    ],
)
def test_pods_whose_health_a_cluster_is_not_told_are_named(news: dict[str, object], said: str) -> None:
    given = evidence()
    part = EXAMPLES["kubernetes, with a router"].model_copy(update=news)
    place = given.environment.model_copy(update={"components": (part,)})
    found = finding(GateName.SETTINGS, given.model_copy(update={"environment": place}))

    assert found.finding is Finding.PASS
    assert found.sentence.removeprefix("variables and secrets are set").removeprefix("; ").startswith(said)
    assert said or "probe" not in found.sentence


def going_back(**news: object) -> Evidence:
    """A rollback by hand."""
    given = evidence(**news)
    return given.model_copy(update={"request": given.request.model_copy(update={"kind": Kind.ROLLBACK})})


CRASHED = (
    Running(
        component="web",
        slots=(LIVE.slots[0].model_copy(update={"wanted": 2}),),
        weights={"blue": 100},
    ),
)


NAMELESS = LIVE.slots[0].model_copy(update={"name": "green", "version": None, "wanted": 1})
UNREAD = (LIVE.model_copy(update={"slots": (*LIVE.slots, NAMELESS)}),)


def test_a_slot_of_which_nobody_knows_the_version_stops_what_is_new_and_not_the_way_back() -> None:
    found = finding(GateName.NO_CONFLICT, evidence(running=UNREAD))

    assert (found.finding, found.sentence) == (
        Finding.UNKNOWN,
        "web: nobody knows which version green runs",
    )
    assert finding(GateName.NO_CONFLICT, going_back(running=UNREAD)).finding is Finding.PASS


@pytest.mark.parametrize(
    ("gate", "news", "expected"),
    [
        (GateName.ARTIFACT, {"buildable": None}, Finding.UNKNOWN),
        (GateName.ARTIFACT, {"buildable": ()}, Finding.FAIL),
        (GateName.REACHABLE, {"running": None}, Finding.UNKNOWN),
        (GateName.SETTINGS, {"missing_secrets": None}, Finding.UNKNOWN),
        (GateName.SETTINGS, {"missing_secrets": ("TOKEN",)}, Finding.FAIL),
        (GateName.NO_CONFLICT, {"running": CRASHED}, Finding.FAIL),
        (GateName.NO_CONFLICT, {"holder": "another"}, Finding.PASS),
        (GateName.RESOURCES, {"resources": None}, Finding.UNKNOWN),
        (GateName.RESOURCES, {"resources": Resources(disk=90)}, Finding.FAIL),
        (GateName.RESOURCES, {"resources": Resources(disk=89)}, Finding.PASS),
        (GateName.RESOURCES, {"resources": Resources()}, Finding.PASS),
        (GateName.RESOURCES, {"resources": Resources(memory=1, lacks=("no node is ready",))}, Finding.FAIL),
        (GateName.MONITORING, {"metrics": None}, Finding.UNKNOWN),
        (GateName.MONITORING, {"metrics": {"web": SampleState.SOURCE_DOWN}}, Finding.FAIL),
        (GateName.MONITORING, {"metrics": {"web": SampleState.NOT_A_NUMBER}}, Finding.FAIL),
    ],
)
def test_a_place_that_is_not_known_to_be_well_is_not_deployed_to(
    gate: GateName, news: dict[str, object], expected: Finding
) -> None:
    assert finding(gate, evidence(**news)).finding is expected


def test_what_is_not_supported_is_said() -> None:
    blind = finding(GateName.RESOURCES, evidence(resources=Resources())).sentence
    cluster = Resources(memory=40, cpu=10, headroom=True)

    words = ("disk", "memory", "CPU", "room for its instances")
    assert blind == ", ".join(f"{what} unsupported" for what in words)
    sentence = finding(GateName.RESOURCES, evidence(resources=cluster)).sentence
    assert sentence == "disk unsupported, memory 40 %, CPU 10 %, room for its instances"
    told = cluster.model_copy(update={"disk_said": "below the threshold"})
    assert finding(GateName.RESOURCES, evidence(resources=told)).sentence.startswith(
        "disk below the threshold, "
    )
    untold = finding(GateName.RESOURCES, evidence(resources=Resources(untold=("web: no memory_limit",))))
    assert untold.sentence.endswith(
        "CPU unsupported, room for its instances unsupported (web: no memory_limit)"
    )
    assert untold.finding is Finding.PASS


def test_production_without_alerts_is_not_monitored() -> None:
    rules: dict[str, object] = {"monitoring": Monitoring()}

    assert finding(GateName.MONITORING, evidence(rules)).finding is Finding.FAIL


def test_other_places_may_be_unmeasured() -> None:
    rules: dict[str, object] = {"type": EnvironmentType.STAGING}
    silent = {"web": SampleState.NO_DATA}

    assert finding(GateName.MONITORING, evidence(rules, metrics=silent)).finding is Finding.PASS


def with_database() -> dict[str, object]:
    """An environment whose component has a database."""
    database = Database(url="sqlite:////nowhere.db", dialect="sqlite")
    part: Component = WEB.model_copy(update={"database": database})
    return {"components": (part,)}


@pytest.mark.parametrize(
    ("possible", "expected"), [(None, Finding.UNKNOWN), (False, Finding.FAIL), (True, Finding.PASS)]
)
def test_production_needs_a_backup_that_can_be_taken(possible: bool | None, expected: Finding) -> None:
    given = evidence(with_database(), backup_possible=possible)

    assert finding(GateName.BACKUP, given).finding is expected


def test_a_rollback_takes_a_backup_only_where_it_applies_a_migration() -> None:
    pending = MigrationVerdict(path="migrations/0001.sql", sha256="0" * 64, verdict="ok")
    back = going_back().request
    given = evidence(with_database(), backup_possible=None).model_copy(update={"request": back})
    with_one = given.model_copy(update={"verdicts": (pending,)})

    assert "changes no data" in finding(GateName.BACKUP, given).sentence
    assert finding(GateName.BACKUP, with_one).finding is Finding.UNKNOWN


def test_where_a_backup_is_demanded_and_no_database_named_that_is_said_with_what_to_write() -> None:
    said = finding(GateName.BACKUP, evidence())

    assert said.finding is Finding.PASS
    assert "demanded, and no component names a database" in said.sentence
    assert "database: {url: …, dialect: postgres}" in said.sentence


def test_where_no_backup_is_demanded_that_is_said() -> None:
    rules: dict[str, object] = {"type": EnvironmentType.STAGING}

    assert finding(GateName.BACKUP, evidence(rules)).sentence == "no backup is demanded"


def test_without_waiting_a_held_environment_is_a_refusal_for_a_rollback_too() -> None:
    given = going_back(holder="another")
    hurried = given.model_copy(update={"request": given.request.model_copy(update={"wait": False})})

    assert finding(GateName.NO_CONFLICT, hurried).finding is Finding.FAIL


@pytest.mark.parametrize(
    ("gate", "news"),
    [
        (GateName.NO_CONFLICT, {"running": CRASHED}),
        (GateName.RESOURCES, {"resources": Resources(disk=99)}),
        (GateName.RESOURCES, {"resources": None}),
        (GateName.MONITORING, {"metrics": {"web": SampleState.SOURCE_DOWN}}),
        (GateName.MONITORING, {"metrics": None}),
    ],
)
def test_a_rollback_does_not_wait_for_what_is_often_missing_then(
    gate: GateName, news: dict[str, object]
) -> None:
    found = {one.gate: one for one in findings(going_back(**news))}[gate]

    assert found.finding is Finding.PASS


@pytest.mark.parametrize("news", [{"running": None}, {"missing_secrets": ("TOKEN",)}])
def test_a_rollback_needs_a_place_to_go_back_in(news: dict[str, object]) -> None:
    found = findings(going_back(**news))

    assert [one for one in found if one.finding is not Finding.PASS]
