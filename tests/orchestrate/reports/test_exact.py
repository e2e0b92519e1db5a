"""What an approver reads is what is hashed: neither more, nor less, whatever others wrote into it."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrate import reports
from orchestrate.models.approval import ApprovalRule, Barred
from orchestrate.models.fact import canonical
from orchestrate.models.plan import Plan
from orchestrate.reports.exact import code, inline
from orchestrate.reports.record import Json
from tests.orchestrate.reports.facts import PLACE, findings, plan, question
from tests.orchestrate.reports.test_plan_page import PLANS, leaves, others, readable, replaced

RULE = ApprovalRule(
    persons=2,
    reasons=("production demands it", "it changes CODEOWNERS"),
    approvers=("ada", "rob", "mira"),
    barred=(Barred(person="mira", why="wrote change 7"),),
    strangers=("Eve <eve@example.com>",),
)
APPROVED_BY_TWO = plan().model_copy(update={"approval": RULE})
ALL = {**PLANS, "two": APPROVED_BY_TWO}


def parsed(data: Json) -> Plan | None:
    try:
        return Plan.model_validate_json(json.dumps(data))
    except ValidationError:
        return None


@pytest.mark.parametrize("name", ALL)
def test_each_single_value_that_is_hashed_shows(name: str) -> None:
    data: Json = json.loads(canonical(ALL[name]))
    page, hash = readable(ALL[name]), ALL[name].hash

    silent: list[str] = []
    for _, at, value in leaves(data):
        made = (parsed(replaced(data, at, other)) for other in others(value))
        variant = next((one for one in made if one), None)
        if variant and (variant.hash == hash or readable(variant) == page):
            silent.append("/".join(str(part) for part in at))

    assert silent == []


TEXTS = st.text(max_size=60) | st.text("`|*<>&@#_\\ \t\n\u200b\u202eA", max_size=12)
LEAVES = [(name, at, value) for name in ALL for _, at, value in leaves(json.loads(canonical(ALL[name])))]
WORDS = [leaf for leaf in LEAVES if isinstance(leaf[2], str)]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(WORDS), TEXTS, st.booleans())
def test_whatever_is_written_there_two_plans_never_look_the_same(
    leaf: tuple[str, tuple[str | int, ...], Json], text: str, is_added: bool
) -> None:
    name, at, value = leaf
    data: Json = json.loads(canonical(ALL[name]))
    other = parsed(replaced(data, at, f"{value}{text}" if is_added else text))
    assume(other is not None and other != ALL[name])

    assert other is not None
    assert other.hash != ALL[name].hash
    assert readable(other) != readable(ALL[name])


@given(TEXTS, TEXTS)
def test_two_texts_are_never_quoted_alike(one: str, other: str) -> None:
    assume(one != other)

    assert inline(one, 20) != inline(other, 20)
    assert code(one) != code(other)


@pytest.mark.parametrize("text", ["a" * 500, "a\u200bb", "a  b", "token=hunter2-secret"])
def test_what_cannot_be_shown_is_told_by_its_digest(text: str) -> None:
    assert "(SHA-256 `" in inline(text)
    assert "hunter2" not in inline(text)


def test_the_request_holds_the_plan_as_it_is_shown_everywhere_and_nothing_else_about_it() -> None:
    asked = question(APPROVED_BY_TWO)

    request = reports.approval_request(APPROVED_BY_TWO, asked, PLACE, findings().results)

    assert request.endswith(f"\n\n{reports.plan_page(APPROVED_BY_TWO)}")
    assert APPROVED_BY_TWO.hash in request
    assert reports.plan_page(Plan.model_validate_json(canonical(APPROVED_BY_TWO))) in request


@pytest.mark.parametrize(
    "said",
    [
        "2 different persons must approve",
        "because it changes CODEOWNERS",
        "approvers: ada, rob, mira",
        "mira wrote change 7, and may not approve",
        "who is nobody in `people`",
    ],
)
def test_the_page_says_what_makes_the_plan_approved(said: str) -> None:
    assert said in reports.plan_page(APPROVED_BY_TWO)


def test_too_few_who_may_approve_are_told() -> None:
    few = APPROVED_BY_TWO.model_copy(update={"approval": RULE.model_copy(update={"approvers": ("ada",)})})

    assert "and 1 may" in reports.approval_request(few, question(few), PLACE)
    assert "may:**" not in reports.approval_request(APPROVED_BY_TWO, question(few), PLACE)
