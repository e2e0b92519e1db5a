"""Advisers can make a plan stricter and a migration's verdict worse; when they fail, nothing changes."""

from __future__ import annotations

import pytest

from agents.answers import MigrationReview, ReviewedMigration, RiskProposal
from agents.assessor import RiskAssessor
from agents.migration_reviewer import MigrationReviewer, Script, batches
from agents.model import QUOTE_LIMIT, ScriptedModel
from agents.outline import outline
from agents.planner import Planner, is_remarkable
from agents.role import Role
from agents.runbook import RunbookPlanner
from agents.situation import Situation
from orchestrate.errors import ModelFailed, Unreachable
from orchestrate.models.change import Change
from orchestrate.models.deployment import Kind
from orchestrate.models.gate import GateName, Override
from orchestrate.models.plan import Plan, Risk
from tests.agents.situations import CHANGE, OK, situation

CALM = situation(migrations=False).model_copy(update={"changed_files": ("page.py",), "lines_changed": 9})


async def diff(change: Change) -> str:
    return f"+ the change {change.id}"


async def unreachable(change: Change) -> str:
    raise Unreachable(f"nobody shows {change.id}")


async def plain(asked: Situation = CALM) -> Plan:
    return await RunbookPlanner().plan(asked)


async def test_a_higher_risk_counts_with_its_reasons() -> None:
    plan = await plain()
    model = ScriptedModel([RiskProposal(risk=Risk.HIGH, reasons=("fifty queries",))])

    raised = await RiskAssessor(model, diff).raised(plan, CHANGE)

    assert (plan.risk, raised.risk) == (Risk.LOW, Risk.HIGH)
    assert raised.risk_reasons == (*plan.risk_reasons, "scripted: fifty queries")
    assert raised.model_dump(exclude={"risk", "risk_reasons", "made_by"}) == plan.model_dump(
        exclude={"risk", "risk_reasons", "made_by"}
    )
    assert "+ the change 7" in model.asked[0][1]


@pytest.mark.parametrize("said", [ModelFailed("down"), "no", {"risk": "low", "reasons": ["fine"]}])
async def test_a_risk_that_is_no_higher_changes_nothing(said: ModelFailed | str | dict[str, object]) -> None:
    plan = await plain()

    assert await RiskAssessor(ScriptedModel([said]), diff).raised(plan, CHANGE) == plan


async def test_a_change_that_cannot_be_shown_is_not_asked_about() -> None:
    plan, model = await plain(), ScriptedModel([])

    assert await RiskAssessor(model, unreachable).raised(plan, CHANGE) == plan
    assert model.asked == []


async def test_nobody_is_asked_about_a_plain_change() -> None:
    model = ScriptedModel([])
    planner = Planner(model, assessor=RiskAssessor(model, diff), is_worth_asking=is_remarkable)

    assert await planner.plan(CALM) == await plain()
    assert model.asked == []


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({"lines_changed": 400}, True),
        ({"changed_files": ("shop/payment.py",)}, True),
        ({"overrides": (Override(gate=GateName.WINDOW, by="ann", reason="now"),)}, True),
        ({"request": CALM.request.model_copy(update={"kind": Kind.ROLLBACK}), "lines_changed": 4000}, False),
    ],
)
async def test_what_the_rules_remark_is_asked_about_and_the_way_back_never(
    facts: dict[str, object], asked: bool
) -> None:
    changed = CALM.model_copy(update=facts)

    assert is_remarkable(changed, await plain(changed)) is asked


async def test_migrations_are_asked_about() -> None:
    assert is_remarkable(situation(), await plain(situation()))


async def test_both_advisers_are_heard_about_one_plan() -> None:
    model = ScriptedModel([RiskProposal(risk=Risk.HIGH, reasons=("a",)), {"watch_minutes": 90}])
    planner = Planner(model, assessor=RiskAssessor(model, diff), is_worth_asking=is_remarkable)

    plan = await planner.plan(situation())

    assert [role for role, _ in model.asked] == [Role.RISK_ASSESSOR, Role.PLANNER]
    assert plan.risk is Risk.HIGH and plan.monitoring.period == 5400


async def test_an_outline_tells_the_plan_in_a_few_hundred_tokens() -> None:
    text = outline(await plain(situation()))

    assert "ships shop: 1.9 to 2.0, blue-green" in text
    assert "migration migrations/0002_ratings.sql: ok" in text
    assert len(text) < 2500


def script(path: str = "migrations/0002_ratings.sql", text: str = "ALTER TABLE a ADD b int;") -> Script:
    return Script(OK.model_copy(update={"path": path, "sha256": path}), text)


async def test_an_objection_belongs_to_the_text_it_is_about() -> None:
    said = MigrationReview(objections=(ReviewedMigration(path="b.sql", reason="locks orders"),))
    model = ScriptedModel([said])

    found = await MigrationReviewer(model).review("D1", "postgres", [script("a.sql"), script("b.sql")])

    assert [(one.sha256, one.reason) for one in found] == [("a.sql", ""), ("b.sql", "scripted: locks orders")]
    assert "-- a.sql\nALTER TABLE a ADD b int;" in model.asked[0][1]


async def test_an_objection_to_what_was_not_shown_is_not_heard() -> None:
    said = MigrationReview(objections=(ReviewedMigration(path="/etc/passwd", reason="x"),))

    (found,) = await MigrationReviewer(ScriptedModel([said])).review("D1", "sqlite", [script()])

    assert found.reason == ""


async def test_what_could_not_be_shown_whole_was_not_looked_at() -> None:
    model = ScriptedModel(["{}"])
    long = script("b.sql", "x" * QUOTE_LIMIT)

    found = await MigrationReviewer(model).review("D1", "sqlite", [script("a.sql"), long, script("c.sql")])

    assert [one.sha256 for one in found] == ["a.sql", "c.sql"]
    assert "left out" not in model.asked[0][1]
    assert long.unread == "8,192 bytes of migration b.sql were not read by a model"


def test_texts_that_do_not_fit_together_are_shown_one_after_the_other() -> None:
    scripts = [script(f"{name}.sql", name * (QUOTE_LIMIT // 3)) for name in "abcde"]

    found = list(batches(scripts))

    assert [[one.verdict.path[0] for one in batch] for batch in found] == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batches([script("x.sql", "x" * QUOTE_LIMIT)])) == []


async def test_a_reviewer_that_fails_says_so() -> None:
    with pytest.raises(ModelFailed):
        await MigrationReviewer(ScriptedModel(["looks fine"])).review("D1", "sqlite", [script()])
