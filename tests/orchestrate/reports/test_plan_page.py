"""Whatever a plan's hash covers can be read on its page, and the request says how to answer it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import pytest
from pydantic import ValidationError

from agents.runbook import RunbookPlanner
from orchestrate import reports
from orchestrate.approvals import answer_in
from orchestrate.models.alert import Alert, Several, Source
from orchestrate.models.change import MergeMethod, Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import EnvironmentType, Strategy
from orchestrate.models.fact import canonical
from orchestrate.models.gate import GateName
from orchestrate.models.image_signature import ImageSignature, ImageState
from orchestrate.models.move import Irreversible, words
from orchestrate.models.plan import TO_DO, Plan, Risk
from orchestrate.models.proven import Proven, Sameness
from orchestrate.models.rehearsed import Rehearsal, Trial
from orchestrate.models.signature import SignatureState
from orchestrate.reports.record import Json
from tests.agents.situations import situation
from tests.orchestrate.reports.facts import PLACE, findings, plan, question

Path = tuple[str | int, ...]
CLOSED: tuple[type[StrEnum], ...] = (
    Kind,
    EnvironmentType,
    Strategy,
    Risk,
    MergeMethod,
    GateName,
    Several,
    SignatureState,
    Sameness,
    Trial,
    ImageState,
    Source,
)
OTHERS = ("zzz", *(value.value for values in CLOSED for value in values))


def made(strategy: Strategy, **facts: object) -> Plan:
    return asyncio.run(RunbookPlanner().plan(situation(strategy).model_copy(update=facts)))


PROVEN = (
    Proven(
        component="shop",
        environment="staging",
        deployment="D7",
        commit="c0ffee",
        digest="sha256:1",
        location="registry/shop@sha256:1",
        sameness=Sameness.DIGEST,
    ),
)
TRIED = (
    Rehearsal(
        component="shop",
        environment="staging",
        trial=Trial.DONE,
        deployment="D7",
        version=Version(commit="e" * 40, tree="f" * 40, name="1.8"),
    ),
)
UNTRIED = (
    Rehearsal(component="shop", environment="staging", trial=Trial.OFF, deployment="D7", why="as chosen"),
)
SIGNED = (
    ImageSignature(
        component="shop", image="registry/shop@sha256:1", state=ImageState.GOOD, key="2", detail="3"
    ),
)
PLANS = {
    "overridden": plan(),
    "first": made(Strategy.ROLLING, running=()),
    "rolling": made(Strategy.ROLLING),
    "canary": made(Strategy.CANARY, merge=None, task=None),
    "promoted": made(Strategy.ROLLING, proven=PROVEN, rehearsals=TRIED, images=SIGNED),
    "untried": made(Strategy.ROLLING, rehearsals=UNTRIED),
    "alerted": plan().model_copy(
        update={
            "alerts": {
                "web": {
                    "cpu": Alert(above=Decimal(90), window=60),
                    "orders": Alert(query="orders", url="http://p:9090", below=Decimal("0.5"), rollback=True),
                    "issues": Alert(
                        query="firstRelease:{commit}",
                        source=Source.SENTRY,
                        url="http://s",
                        credentials="S",
                        above=Decimal(0),
                    ),
                    "pool": Alert(metric="pool", instances=Several.WORST, above=Decimal(80)),
                }
            }
        }
    ),
}


def leaves(value: Json, at: Path = (), shape: str = "") -> Iterator[tuple[str, Path, Json]]:
    """Each plain value, where it is, and of which kind of fact; an empty list or object is one."""
    match value:
        case dict() if value:
            for key, one in value.items():
                yield from leaves(one, (*at, key), f"{shape}/{value.get('kind', '')}.{key}")
        case list() if value:
            for index, one in enumerate(value):
                yield from leaves(one, (*at, index), shape)
        case _:
            yield shape, at, value


def replaced(value: Json, at: Path, other: Json) -> Json:
    match value:
        case dict() if at:
            return {key: replaced(one, at[1:], other) if key == at[0] else one for key, one in value.items()}
        case list() if at:
            return [replaced(one, at[1:], other) if n == at[0] else one for n, one in enumerate(value)]
        case _:
            return other


def others(value: Json) -> Iterator[Json]:
    """What might stand there instead."""
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case str() | None:
            yield from (one for one in OTHERS if one != value)
        case _:
            yield {"zzz": 1}
            yield ["zzz"]


def variant(data: Json, at: Path, value: Json) -> Plan | None:
    """The plan with another value there; None when no other may stand there."""
    for other in others(value):
        try:
            return Plan.model_validate_json(json.dumps(replaced(data, at, other)))
        except ValidationError:
            continue
    return None


def readable(plan: Plan) -> str:
    """The page without the line that says the hash."""
    return re.sub("^SHA-256 of this plan.*$", "", reports.plan_page(plan), flags=re.MULTILINE)


@pytest.mark.parametrize("name", PLANS)
def test_every_value_that_is_hashed_can_be_read(name: str) -> None:
    data: Json = json.loads(canonical(PLANS[name]))
    page = readable(PLANS[name])
    places = {shape: (at, value) for shape, at, value in leaves(data)}  # one of each kind

    variants = {at: variant(data, at, value) for at, value in places.values()}

    assert [at for at, other in variants.items() if other and readable(other) == page] == []
    closed = {at[-1] for at, other in variants.items() if other is None}
    unset = {
        "alerts",
        "approval",
        "above",
        "below",
        "signature",
        "proven",
        "rehearsal",
        "version",
        "images",
        "warm_up",
    }  # no other word may stand there
    assert closed <= {"kind", "migrations", "overrides", "merge", "from_version", *unset}


@pytest.mark.parametrize("name", PLANS)
def test_every_move_is_a_step_with_its_undo(name: str) -> None:
    page = reports.plan_page(PLANS[name])
    steps = section(page, "Steps")

    assert len(re.findall(r"^\d+\. ", steps, re.MULTILINE)) == len(PLANS[name].moves)
    assert len(re.findall("^   (?:no )?undo: ", steps, re.MULTILINE)) == len(PLANS[name].moves)


def test_the_way_back_is_the_undos_newest_first() -> None:
    page = section(reports.plan_page(PLANS["canary"]), "Going back")

    undos = [words(step.undo) for step in PLANS["canary"].moves if not isinstance(step.undo, Irreversible)]
    told = re.findall(r"^\d+\. ([^(]*)", page, re.MULTILINE)
    assert [one.strip().replace("\\", "") for one in told] == [one.split(" (")[0] for one in undos[::-1]]
    assert "answers with all of the traffic" in page


def test_what_is_still_to_be_done_is_not_ticked() -> None:
    page = reports.plan_page(plan().model_copy(update={"checks": ("ci checks", f"{TO_DO}read them")}))

    assert "☑ ci checks" in page
    assert f"☐ {TO_DO}read them" in page


def test_migrations_are_kept_and_the_page_says_why() -> None:
    assert "They are kept on rollback" in section(reports.plan_page(plan()), "Migrations")


def test_an_approver_sees_what_is_asked_and_how_to_answer() -> None:
    page = reports.approval_request(plan(), question(plan()), PLACE, findings().results)

    for needed in (
        "@ann @ben",
        "may `shop` `ordinary` go to `production`?",
        "Risk 🔴 high",
        "back within about",
        "mon, tue, wed, thu, fri 09:00–17:00 UTC",
        "`Approved Q7F3K2` or `Hold Q7F3K2`",
        "`orchestrate deploy approve D1`",
        "`orchestrate deploy hold D1`",
        "expires 2026-11-22 09:30 UTC",
        plan().hash[:12],
        "❌ fail",
        "| `shop` | `1.9` | `ordinary` | blue-green |",
        "monitoring period 1 h",
        "rolled back when server errors exceed 1.00 %",
    ):
        assert needed in page


def test_a_place_without_approvers_says_so() -> None:
    nobody = PLACE.model_copy(update={"approvers": (), "window": None})

    page = reports.approval_request(plan(), question(plan()), nobody)

    assert page.startswith("Nobody is configured to approve: ")
    assert "window: always open" in page


ANSWERS = pytest.mark.parametrize(
    ("asking", "answers", "commands"),
    [
        ("approval", ("Approved", "Hold"), ("approve", "hold")),
        ("go_on", ("Approved", "Roll back"), ("approve", "rollback")),
        ("rollback", ("Roll back", "Hold"), ("rollback", "hold")),
    ],
)


@ANSWERS
def test_a_question_names_its_answers(
    asking: str, answers: tuple[str, str], commands: tuple[str, str]
) -> None:
    asked = question(plan()).model_copy(update={"gate_kind": f"{asking}/4/0"})

    first = reports.decision_request(asking, asked, "5 % errors", PLACE)

    assert first.startswith("@ann @ben: ") and "5 % errors" in first
    for page in (first, reports.reminder(asked, ["ann"])):
        assert "nothing but `{} Q7F3K2` or `{} Q7F3K2`".format(*answers) in page
        assert "run `orchestrate deploy {} D1` or `orchestrate deploy {} D1`".format(*commands) in page
        assert all(answer_in(f"{said} Q7F3K2") for said in answers)


def test_a_task_to_roll_back_says_how_it_is_started() -> None:
    title, text = reports.rollback_task("D1", "production", "5 % errors", "Q7F3K2")

    assert title == "Roll back production: 5 % errors"
    assert "`Roll back Q7F3K2`" in text and "`orchestrate deploy rollback D1`" in text


def test_a_reminder_says_what_waits_and_until_when() -> None:
    page = reports.reminder(question(plan()), ["ann"])

    assert page.startswith("@ann: question `Q7F3K2` of deployment `D1` still waits.")
    assert "expires 2026-11-22 09:30 UTC" in page


def section(page: str, title: str) -> str:
    """One part of a page."""
    return page.split(f"### {title}\n")[1].split("\n### ")[0]
