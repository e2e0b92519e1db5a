"""The deployer's settings: the defaults that ship with the role, and what orchestrate.yaml says instead."""

from __future__ import annotations

from pathlib import Path

from orchestrate.settings.facts import DeployerSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.tree import Document, Plain
from orchestrate.settings.units import DEPLOYER, measure
from orchestrate.settings.yaml_file import read

DEFAULTS = Path(__file__).parents[2] / "agents" / "config" / "devops_agent.yaml"
_ROLE = ("roles", "deployer")


def read_deployer(document: Document) -> DeployerSettings:
    """The role's settings for every environment. Raises SettingsInvalid."""
    check_keys(document, ("roles",), document.section("roles"), ["deployer"])
    return parsed(document, _ROLE, DeployerSettings, layered(_given(read(DEFAULTS)), _given(document)))


def layered(under: Plain, over: Plain) -> Plain:
    """`over` on top of `under`, key by key."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return {**under, **{key: layered(under.get(key), value) for key, value in over.items()}}


def as_environment(deployer: DeployerSettings) -> dict[str, Plain]:
    """The role's settings in the words of an environment, which may say otherwise."""
    return {
        "triggers": {**deployer.rollback_triggers.model_dump()},
        "monitoring": {"period": deployer.monitoring_period},
        "auto_rollback": deployer.auto_rollback_enabled,
        "verification_timeout": deployer.verification_timeout,
        "requires_approval": None if deployer.require_human_approval else False,
    }


def _given(document: Document) -> Plain:
    section: Plain = document.section(*_ROLE)
    measure(document, _ROLE, section, DEPLOYER)
    return section
