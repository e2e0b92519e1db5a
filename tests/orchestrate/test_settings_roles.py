"""What orchestrate.yaml says of the deployer's role, and what an environment says otherwise."""

from __future__ import annotations

from pathlib import Path

from orchestrate.settings import load
from orchestrate.settings.deployer import DEFAULTS
from tests.orchestrate.written import SMALL, production, written


def test_the_roles_settings_hold_until_an_environment_says_otherwise(tmp_path: Path) -> None:
    top = (
        "roles: {deployer: {monitoring_period: 5m, rollback_triggers: {error_rate: 2 %}, poll_interval: 10}}"
    )

    settings = production(tmp_path, "rollback_triggers: {health_check_failures: 5}", top=top)

    environment = settings.environment("production")
    assert environment.monitoring.period == 300
    assert (environment.triggers.error_rate, environment.triggers.health_check_failures) == (200, 5)
    assert environment.triggers.response_time_p99 == 1000
    assert settings.worker.poll_interval == 10


def test_an_environment_overrides_each_setting_of_the_role(tmp_path: Path) -> None:
    environment = production(
        tmp_path,
        "monitoring_period: 10m",
        "monitoring: {sample: 1s}",
        "auto_rollback_enabled: false",
        "require_human_approval: false",
        "verification_timeout: 7s",
    ).environment("production")

    assert (environment.monitoring.period, environment.monitoring.sample) == (600, 1)
    assert not environment.auto_rollback
    assert not environment.asks_a_person
    assert environment.verification_timeout == 7


def test_the_role_may_leave_production_to_itself(tmp_path: Path) -> None:
    settings = production(tmp_path, top="roles: {deployer: {require_human_approval: false}}")

    assert not settings.environment("production").asks_a_person


def test_the_roles_defaults_are_those_that_ship_with_it(tmp_path: Path) -> None:
    deployer = load(written(tmp_path, SMALL)).deployer

    assert DEFAULTS.name == "devops_agent.yaml"
    assert (deployer.poll_interval, deployer.monitoring_period, deployer.verification_timeout) == (
        300,
        3600,
        300,
    )
    assert deployer.require_human_approval
    assert deployer.auto_rollback_enabled
    assert (deployer.rollback_triggers.error_rate, deployer.rollback_triggers.response_time_p99) == (
        100,
        1000,
    )
    assert deployer.rollback_triggers.health_check_failures == 3
    assert (deployer.input_status, deployer.output_status) == ("Ready to Deploy", "Deployed")
