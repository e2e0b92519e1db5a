"""What providers declare: read by gates, plans, settings and people alike."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import get_args

import pytest

from agents.planner import RunbookPlanner
from orchestrate.journey import Journey
from orchestrate.models.abilities import DECLARED, chosen, inability
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import CanaryStep, Component, Strategy
from orchestrate.models.gate import Finding, GateName
from orchestrate.models.hosts import Custom
from orchestrate.models.move import Analyse, SetTraffic, Start
from orchestrate.places import PROVIDERS
from orchestrate.policy import violations
from orchestrate.reports.providers import EXAMPLES, providers
from tests.agents.situations import environment, situation
from tests.orchestrate.gates.evidence import evidence, finding

VERSION = Version(commit="b" * 40, tree="2" * 40, name="v2")
DOCS = Path(__file__).parents[2] / "docs" / "providers"


def test_every_provider_that_can_be_named_is_declared_made_shown_and_described() -> None:
    names = set(get_args(Component.model_fields["provider"].annotation))

    assert names == set(DECLARED) == set(PROVIDERS)
    assert {one.provider for one in EXAMPLES.values()} == names
    assert [name for name in names if not (DOCS / f"{name}.md").is_file()] == []


def test_the_table_of_the_docs_is_what_they_declare() -> None:
    assert providers() in (DOCS / "README.md").read_text(), "run: python -m orchestrate.reports.providers"


CUSTOM = Component(
    name="web", provider="custom", port=8080, custom=Custom(start=("a",), stop=("b",), status=("c",))
)


def test_a_strategy_that_a_provider_lacks_stops_a_plan() -> None:
    strange = environment(Strategy.CANARY)
    parts = (CUSTOM.model_copy(update={"name": strange.components[0].name}), *strange.components[1:])
    plan = asyncio.run(RunbookPlanner().plan(situation(Strategy.CANARY)))

    found = violations(plan, strange.model_copy(update={"components": parts}))

    assert any("the provider custom cannot do canary (it has no `traffic` command)" in one for one in found)


def test_a_strategy_that_a_provider_lacks_fails_a_gate_with_what_can_be_asked() -> None:
    given = evidence()
    lacking = given.environment.model_copy(update={"components": (CUSTOM,), "strategy": Strategy.RECREATE})
    asked = given.request.model_copy(update={"strategy": Strategy.CANARY})
    found = finding(GateName.SETTINGS, given.model_copy(update={"environment": lacking, "request": asked}))

    assert (found.finding, found.cure) == (Finding.FAIL, "ask for a strategy that the provider has")
    assert found.sentence.endswith("use recreate")


@pytest.mark.parametrize(
    ("share", "instances", "said"),
    [
        (10, 10, ""),
        (25, 4, ""),
        (100, 3, ""),
        (10, 4, "4 instances cannot give 10 % .* they give 25, 50, 75, 100 %; .* a multiple of 10 instances"),
        (33, 3, "3 instances cannot give 33 %"),
        (5, 10, "a multiple of 20 instances"),
    ],
)
def test_a_share_that_instances_cannot_give_is_said_beforehand(share: int, instances: int, said: str) -> None:
    part = EXAMPLES["kubernetes"].model_copy(update={"instances": instances})
    routed = EXAMPLES["kubernetes, with a router"]
    steps = (CanaryStep(share=share, seconds=60),)

    found = inability(part, Strategy.CANARY, steps)

    assert re.search(said, found) if said else not found
    assert not inability(routed, Strategy.CANARY, steps)
    assert not inability(part, Strategy.ROLLING, steps)


def test_a_plan_whose_instances_give_another_share_is_refused() -> None:
    part = EXAMPLES["kubernetes"].model_copy(update={"instances": 10})
    journey = Journey(part, Strategy.CANARY, VERSION, {"blue": 100})
    journey.counts = {"blue": 10}

    found = list(
        journey.walk(
            [
                Start(component="web", slot="green", version=VERSION, instances=1),
                SetTraffic(component="web", was={"blue": 100}, weights={"green": 10, "blue": 90}),
                Analyse(component="web", slot="green", baseline="blue", seconds=60, share=10),
            ]
        )
    )

    assert [one for one in found if "1 new instances beside 10 give another share than 10 %" in one]


def test_a_rollback_goes_back_by_traffic_where_that_is_possible_and_else_as_always() -> None:
    given = evidence()
    back = given.request.model_copy(update={"kind": Kind.ROLLBACK, "strategy": Strategy.CANARY})
    process = given.environment.components[0].model_copy(update={"port": 8080})

    def way(part: Component) -> Strategy:
        usual = given.environment.model_copy(update={"strategy": Strategy.RECREATE, "components": (part,)})
        return chosen(part, usual, back, None)

    assert (way(process), way(CUSTOM)) == (Strategy.BLUE_GREEN, Strategy.RECREATE)
