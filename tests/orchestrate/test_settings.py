"""What orchestrate.yaml may say, and what comes out."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrate.errors import UnknownEnvironment
from orchestrate.models.environment import CanaryStep, Channel, EnvironmentType, Role, Strategy
from orchestrate.models.task import Queue
from orchestrate.models.thresholds import alerts_of
from orchestrate.settings import load
from tests.orchestrate.written import SMALL, production, written


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    settings = load(written(tmp_path, SMALL))

    assert settings.store.url == f"sqlite:///{tmp_path}/.orchestrate/orchestrate.db"
    assert settings.workspaces == tmp_path / ".orchestrate/workspaces"
    assert settings.forge.remote == str(tmp_path)
    assert settings.worker.poll_interval == 300
    assert settings.tracker.input_status == "Ready to Deploy"
    assert settings.tracker.queues.keys() == set(Queue)


def test_an_environment_lies_beside_the_file(tmp_path: Path) -> None:
    environment = load(written(tmp_path, SMALL)).environment("production")

    assert environment.root == tmp_path / ".orchestrate/environments/production"
    assert (environment.name, environment.service) == ("production", "shop")
    assert environment.type is EnvironmentType.PRODUCTION
    assert environment.asks_a_person


def test_relative_folders_are_beside_the_file(tmp_path: Path) -> None:
    lines = ("store: {url: 'sqlite:///data/x.db'}", "forge: {remote: ./shop.git}", "workspaces: w")

    settings = production(tmp_path, top="\n    ".join(lines))

    assert settings.store.url == f"sqlite:///{tmp_path}/data/x.db"
    assert settings.forge.remote == str(tmp_path / "shop.git")
    assert settings.workspaces == tmp_path / "w"


def test_another_database_is_taken_as_it_is(tmp_path: Path) -> None:
    settings = production(tmp_path, top="store: {url: 'postgresql+psycopg://me@127.0.0.1/orchestrate'}")

    assert settings.store.url == "postgresql+psycopg://me@127.0.0.1/orchestrate"
    assert "me@" not in repr(settings)


def test_people_write_durations_and_shares(tmp_path: Path) -> None:
    environment = production(
        tmp_path,
        "approval_expires: 1h 30m",
        "move_timeout: 90",
        "triggers: {error_rate: 0.25 %, response_time_p99: 2s, window: 5m, warm_up: 0s, smallest_harm: 0.5}",
        "gates: {disk: 80 %}",
    ).environment("production")

    assert (environment.approval_expires, environment.move_timeout) == (5400, 90)
    assert (environment.triggers.error_rate, environment.triggers.response_time_p99) == (25, 2000)
    assert (environment.triggers.window, environment.gates.disk) == (300, 80)
    assert (environment.triggers.warm_up, environment.triggers.smallest_harm) == (0, 50)


def test_alerts_get_what_is_usual_where_nothing_is_said(tmp_path: Path) -> None:
    text = """
        service: shop
        environments:
          production:
            type: prod
            triggers: {window: 4m}
            components: [{name: web, run: [x], port: 8080, alerts: {cpu: {for: 2m}}}, {name: cron, run: [x]}]
            alerts:
              db_connections: {metric: 'pool{kind="busy"}'}
              orders: {query: up, url: "http://127.0.0.1:9090", below: 0.5, rollback: yes}
    """

    found = alerts_of(load(written(tmp_path, text)).environment("production"))

    assert [*found["web"]] == ["db_connections", "orders", "cpu"] and [*found["cron"]] == ["orders"]
    assert found["web"]["db_connections"].above == 80
    assert (found["web"]["orders"].below, found["web"]["orders"].window) == (Decimal("0.5"), 240)
    assert (found["web"]["cpu"].above, found["web"]["cpu"].window) == (70, 120)


def test_each_kind_of_failure_has_its_owner_or_the_default(tmp_path: Path) -> None:
    people = "people: {ann: {cli: ann}, ben: {cli: ben}}"

    owners = production(tmp_path, top=f"{people}\n    owners: {{default: ann, regression: ben}}").owners

    assert (owners.of("regression"), owners.of("smoke_tests_failed")) == ("ben", "ann")
    assert production(tmp_path).owners.of("regression") is None


@pytest.mark.parametrize(
    "canary", ["{10: 30s, 50 %: 5m}", "[{share: 10 %, seconds: 30}, {share: 50, seconds: 300s}]"]
)
def test_canary_steps_are_pairs_or_a_list(tmp_path: Path, canary: str) -> None:
    environment = production(tmp_path, "strategy: canary", f"canary: {canary}").environment("production")

    assert environment.strategy is Strategy.CANARY
    assert environment.canary == (CanaryStep(share=10, seconds=30), CanaryStep(share=50, seconds=300))


def test_an_hour_and_a_version_stay_texts(tmp_path: Path) -> None:
    environment = production(
        tmp_path, "window: {start: 10:00, end: 16:30}", "variables: {VERSION: 1.10, DEBUG: no}"
    ).environment("production")

    assert environment.window is not None
    assert (environment.window.start, environment.window.end) == ("10:00", "16:30")
    assert environment.variables == {"VERSION": "1.10", "DEBUG": "no"}


def test_a_component_says_everything_about_itself(tmp_path: Path) -> None:
    component = """
        environments:
          staging:
            type: staging
            provider: process
            components:
              - name: web
                build: [[make, all]]
                run: [python, -m, shop]
                port: 8081
                drain_seconds: 1m
                health: {path: /ready, expect: {ready: true}, start_seconds: 10s}
                smoke:
                  - {kind: http, name: page, path: /, within: 1s}
                  - {kind: sql, name: rows, query: SELECT 1, at_least: 1}
                database: {url: 'sqlite:///x.db', dialect: sqlite}
                metrics: {kind: endpoint}
        """

    part = load(written(tmp_path, f"service: shop\n{dedent(component)}")).environment("staging").components[0]

    assert (part.build, part.drain_seconds, part.health.start_seconds) == ((("make", "all"),), 60, 10)
    assert part.health.expect == {"ready": "true"}
    assert [smoke.kind for smoke in part.smoke] == ["http", "sql"]


def test_prod_and_production_are_one_word(tmp_path: Path) -> None:
    settings = production(tmp_path, top="flow: [prod]")

    assert settings.environment("prod") is settings.environment("production")
    assert settings.flow == ("production",)


def test_an_environment_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    settings = load(written(tmp_path, SMALL))

    with pytest.raises(UnknownEnvironment, match=r"'stagin' \(known: production\)"):
        settings.environment("stagin")


def test_production_takes_what_staging_ran(tmp_path: Path) -> None:
    staging = "  staging: {type: staging, components: [{name: web, run: [x]}]}\n"

    settings = load(written(tmp_path, f"{dedent(SMALL)}{staging}flow: [staging, production]\n"))

    assert settings.environment("production").gates.promoted_from == "staging"
    assert settings.environment("staging").gates.promoted_from is None


@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        ("", "staging", True),
        ("rehearse_rollback: false, ", "staging", False),
        ("rehearse_rollback: true, ", "staging", True),
        ("", "production", None),
    ],
)
def test_the_way_back_is_rehearsed_where_production_follows(
    tmp_path: Path, said: str, kind: str, expected: bool | None
) -> None:
    before = f"  before: {{type: {kind}, {said}components: [{{name: web, run: [x]}}]}}\n"
    aside = "  aside: {type: dev, components: [{name: web, run: [x]}]}\n"

    settings = load(written(tmp_path, f"{dedent(SMALL)}{before}{aside}flow: [before, production]\n"))

    assert settings.environment("before").rehearse_rollback is expected
    assert settings.environment("aside").rehearse_rollback is None


def test_a_person_is_known_by_what_the_channel_proves(tmp_path: Path) -> None:
    settings = production(tmp_path, top="people: {ann: {cli: ann-1, roles: [approver]}, bob: {tracker: b}}")

    ann = settings.person(Channel.CLI, "ann-1")
    assert ann is not None
    assert (ann.name, ann.roles) == ("ann", (Role.APPROVER,))
    assert settings.person(Channel.CLI, "ann") is None
    assert settings.person(Channel.FORGE, "bob") == settings.person(Channel.TRACKER, "b")


def test_a_person_may_have_several_accounts(tmp_path: Path) -> None:
    settings = production(
        tmp_path, top="people: {ann: {tracker: [a-1, a-2], git: ann@home}, ci: {bot: true}}"
    )

    ann, robot = settings.people
    assert settings.person(Channel.TRACKER, "a-1") == settings.person(Channel.TRACKER, "a-2") == ann
    assert settings.person(Channel.TRACKER, "ann") is None
    assert ann.known_as(Channel.GIT) == ("ann@home",)
    assert (robot.bot, ann.bot) == (True, False)


def test_the_digest_follows_the_environments_settings(tmp_path: Path) -> None:
    first = production(tmp_path).digest("production")

    assert production(tmp_path, top="worker: {poll_interval: 1s}").digest("prod") == first
    assert production(tmp_path, "move_timeout: 1s").digest("production") != first


def test_reading_settings_needs_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'langgraph', 'anthropic', 'httpx'}"
    look = f"import sys, orchestrate.settings; print(sorted({heavy} & set(sys.modules)))"

    said = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=30, check=True
    )

    assert said.stdout.strip() == "[]"


def test_without_a_flow_tasks_go_through_dev_staging_and_production(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        service: shop
        environments:
          live: {type: production, approvers: [], components: [{name: web, run: [serve]}]}
          try: {type: staging, components: [{name: web, run: [serve]}]}
        """,
    )

    assert load(file).flow == ("try", "live")
