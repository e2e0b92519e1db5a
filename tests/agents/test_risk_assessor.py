"""Risk is what the rules say, each with a reason a person can check."""

from __future__ import annotations

import asyncio

import pytest

from agents.planner import RunbookPlanner
from agents.risk_assessor import LARGE, VERY_LARGE
from orchestrate.models.environment import EnvironmentType, Strategy
from orchestrate.models.gate import GateName, Override
from orchestrate.models.move import MigrationFile
from orchestrate.models.plan import MigrationVerdict, Plan, Risk
from tests.agents.situations import situation

CALM = {"changed_files": ("shop/page.py",), "lines_changed": 12}


def plan(facts: dict[str, object], strategy: Strategy = Strategy.BLUE_GREEN) -> Plan:
    calm = situation(strategy, migrations=False, type=EnvironmentType.STAGING)
    return asyncio.run(RunbookPlanner().plan(calm.model_copy(update={**CALM, **facts})))


def dangerous() -> dict[str, object]:
    verdict = MigrationVerdict(
        path="m/1.sql", sha256="e" * 64, verdict="dangerous", reasons=("drops a table",)
    )
    return {"verdicts": (verdict,), "files": {"shop": (MigrationFile(path="m/1.sql", sha256="e" * 64),)}}


def test_an_ordinary_change_is_of_low_risk() -> None:
    assert (plan({}).risk, plan({}).risk_reasons) == (Risk.LOW, ("nothing stands out",))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"lines_changed": LARGE}, f"a large change: {LARGE} lines"),
        ({"changed_files": ("src/auth/login.py",)}, "touches src/auth/login.py"),
        ({"changed_files": ("a.env", "Dockerfile", "payment.py", "config.py")}, "and 1 more"),
        ({"running": ()}, "the first deployment here, nothing to go back to"),
        (dangerous(), "m/1.sql is dangerous: drops a table"),
        (
            {"overrides": (Override(gate=GateName.WINDOW, by="ann", reason="urgent"),)},
            "window overridden by ann: urgent",
        ),
    ],
)
def test_what_stands_out_is_a_reason(facts: dict[str, object], reason: str) -> None:
    assert any(reason in said for said in plan(facts).risk_reasons)


def test_stopping_before_starting_is_a_reason() -> None:
    assert any("cannot go back by traffic" in said for said in plan({}, Strategy.RECREATE).risk_reasons)


def test_reasons_add_up() -> None:
    assert plan({"lines_changed": VERY_LARGE}).risk is Risk.MEDIUM
    assert plan(dangerous()).risk is Risk.HIGH


@pytest.mark.parametrize("path", ["src/authors_page.py", "author.html", "README.md", "environment.py"])
def test_an_ordinary_file_does_not_stand_out(path: str) -> None:
    assert plan({"changed_files": (path,)}).risk_reasons == ("nothing stands out",)
