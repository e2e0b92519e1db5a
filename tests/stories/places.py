"""The people and environments of the stories."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.environment import (
    CanaryStep,
    Channel,
    Component,
    Environment,
    EnvironmentType,
    Gates,
    Monitoring,
    Person,
    Role,
    Strategy,
    Triggers,
)
from orchestrate.models.owners import Owners
from orchestrate.models.task import FailureKind

ADA = Person(
    name="ada",
    identities={Channel.CLI: "ada", Channel.TRACKER: "ada"},
    accounts={Channel.TRACKER: ("2",)},  # in ClickUp
    roles=(Role.APPROVER,),
)
MIRA = Person(name="mira", identities={Channel.FORGE: "mira"})
ROB = Person(name="rob")
PEOPLE = (ADA, MIRA, ROB)
"""Ada approves, Mira writes changes, Rob reviews them."""
OWNERS = Owners(default="ada", kinds={FailureKind.REGRESSION: "mira", FailureKind.ROLLBACK_FAILURE: "rob"})


def person(channel: Channel, identity: str) -> Person | None:
    """Whoever has this identity on the channel."""
    return next((one for one in PEOPLE if one.is_known_as(channel, identity)), None)


WEB = Component(name="web", port=8080, run=("serve",), instances=2)


def production(folder: Path, **words: object) -> Environment:
    """A production environment with one component, short windows and an approver."""
    given: dict[str, object] = {
        "name": "production",
        "type": EnvironmentType.PRODUCTION,
        "service": "shop",
        "components": (WEB,),
        "strategy": Strategy.CANARY,
        "canary": (CanaryStep(share=10, seconds=5), CanaryStep(share=50, seconds=5)),
        "approvers": ("ada",),
        "gates": Gates(checks=("tests",), reviews=1),
        "triggers": Triggers(window=2, minimum_requests=20),
        "monitoring": Monitoring(period=10, sample=1, report=4, alerts=("errors",)),
        "root": folder / "production",
    }
    return Environment.model_validate(given | words)


def quick(folder: Path, **words: object) -> Environment:
    """Production by one switch of all the traffic."""
    return production(folder, **{"strategy": Strategy.BLUE_GREEN, **words})


def staging(folder: Path, **words: object) -> Environment:
    """An environment where nobody is asked."""
    kind = {"name": "staging", "type": EnvironmentType.STAGING, "approvers": (), "root": folder / "staging"}
    return quick(folder, **{**kind, **words})
