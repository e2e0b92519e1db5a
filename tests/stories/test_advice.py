"""Models in a deployment: what they object to holds it, what they find is told, and it goes without them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agents.answers import MigrationReview, ReviewedMigration, RiskProposal, Suspicion, TriageNotes
from agents.model import ScriptedModel
from agents.role import Role
from agents.triager import fingerprint
from orchestrate.errors import ModelFailed
from orchestrate.models.deployment import Deployment, Outcome, Status
from orchestrate.models.environment import Environment
from orchestrate.models.plan import Plan, Risk
from tests.stories.places import quick
from tests.stories.test_components import MIGRATION, with_database
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled

PATH = "migrations/0001_title.sql"
DOWN = ModelFailed("nobody answers")
OBJECTION = MigrationReview(objections=(ReviewedMigration(path=PATH, reason="the old version selects *"),))
RISKY = RiskProposal(risk=Risk.HIGH, reasons=("each page makes fifty queries",))


async def played(
    folder: Path, place: Environment, model: ScriptedModel, files: Mapping[str, str | None]
) -> tuple[World, Deployment]:
    """A change with these files, driven until somebody is needed."""
    around = outside(("production",), Clock())
    await around.begin({"production": place})
    around.model = model
    async with assembled(folder, around, {"production": place}) as here:
        change = await here.propose("parts", dict(files))
        task = await here.task(change)
        asked = here.accept("production", task=task.id, change=change.id)
        return here, await here.go(asked.id)


def plan_of(here: World, row: Deployment) -> Plan:
    return here.store.plans.plan(row.plan_hash or "")


async def test_an_objection_to_a_migration_blocks(folder: Path) -> None:
    model = ScriptedModel([OBJECTION])

    _, row = await played(folder, with_database(folder), model, MIGRATION)

    assert row.outcome is Outcome.BLOCKED
    assert "scripted: the old version selects *" in row.reason
    assert [role for role, _ in model.asked] == [Role.MIGRATION_REVIEWER]


async def test_a_migration_that_was_reviewed_is_not_reviewed_again(folder: Path) -> None:
    model = ScriptedModel([MigrationReview(), RISKY, "{}"])

    here, row = await played(folder, with_database(folder), model, MIGRATION)

    assert row.status is Status.WAITING
    advisers = [Role.MIGRATION_REVIEWER, Role.RISK_ASSESSOR, Role.PLANNER, Role.DEPLOYER]
    assert [role for role, _ in model.asked] == advisers
    assert plan_of(here, row).risk is Risk.HIGH
    assert "scripted: each page makes fifty queries" in plan_of(here, row).risk_reasons


async def test_with_every_model_down_the_plan_is_the_same_to_the_byte(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    plans: list[Plan] = []
    for name, model in (("a", ScriptedModel([DOWN] * 9)), ("b", ScriptedModel(["no answer"] * 9))):
        here, row = await played(folder / name, quick(folder), model, {"shop/payment.py": "new"})
        plans.append(plan_of(here, row))

    same = [
        one.model_dump_json(exclude={"deployment", "version", "merge", "head", "ships", "moves"})
        for one in plans
    ]
    assert same[0] == same[1]
    assert plans[0].made_by == "runbook"


async def test_a_model_that_is_down_leaves_the_linters_word(folder: Path) -> None:
    here, row = await played(folder, with_database(folder), ScriptedModel([DOWN] * 9), MIGRATION)

    (verdict,) = plan_of(here, row).migrations
    assert verdict.verdict == "ok"
    assert [one.text for one in here.store.events.of(row.id) if one.kind == "advice"] == [
        "nobody but the linter looked at the migrations: nobody answers"
    ]


@pytest.mark.parametrize("is_down", [False, True])
async def test_a_failure_is_explained_or_not_and_goes_back_either_way(folder: Path, is_down: bool) -> None:
    place = quick(folder, gates=quick(folder).gates)
    around = outside(("production",), Clock())
    await around.begin({"production": place})
    around.model = model = ScriptedModel([DOWN] * 9)
    async with assembled(folder, around, {"production": place}) as here:
        here.metrics.failing["green"] = 0.5
        here.provider.lines["green"] = [
            "Traceback (most recent call last):",
            '  File "shop.py", line 3, in pay',
            "KeyError: 'EUR'",
        ]
        deployment, _, _ = await here.approved()
        if not is_down:
            model.answers = [*[DOWN] * len(model.asked), explained(here)]

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        ((role, prompt),) = [one for one in model.asked if one[0] is Role.TRIAGER]
        assert role is Role.TRIAGER and "KeyError: 'EUR'" in prompt and "faster.py" in prompt
        (fix,) = [one for one in await here.tracker.tasks() if one.title.startswith("Fix ")]
        assert ("no rate for EUR" in fix.description) is not is_down


def explained(here: World) -> TriageNotes:
    """What is said about the one cause, whatever its fingerprint: the story knows it."""
    mark = fingerprint("shop", "KeyError", ["shop.py:pay"])
    return TriageNotes(
        notes=(Suspicion(fingerprint=mark, explanation="no rate for EUR", files=("faster.py",)),)
    )
