"""The evaluation sets: every role has one, its properties tell good from bad, and all of it runs offline.

A script answers here. That proves the plumbing, and says nothing about how well a model does: `make evals`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agents.role import Role
from agents.roles import ROLES
from orchestrate.models.secret import Secret
from orchestrate.resolving import shown, unfit
from prompts import load
from tests.evals.__main__ import main, script, settings
from tests.evals.cases import FOLDER, Case, cases, conflict_in
from tests.evals.running import evaluated, lines
from tests.servers.anthropic import KEY, FakeAnthropic, anthropic_api

EVERY = [pytest.param(role, case, id=f"{role}: {case.name}") for role in Role for case in cases(role)]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeAnthropic]:
    with anthropic_api() as server:
        yield server


def test_every_role_has_its_cases() -> None:
    assert {file.stem for file in FOLDER.glob("*.yaml")} == {*Role}
    assert all(len(cases(role)) >= 2 for role in Role)


@pytest.mark.parametrize(("role", "case"), EVERY)
def test_the_properties_tell_a_good_answer_from_a_bad_one(role: Role, case: Case) -> None:
    output = ROLES[role].output

    assert case.wrong(output.model_validate_json(json.dumps(case.good), strict=True)) == ()
    assert case.wrong(output.model_validate_json(json.dumps(case.bad), strict=True)) != ()


@pytest.mark.parametrize(("role", "case"), EVERY)
def test_a_case_tells_exactly_what_the_prompt_needs(role: Role, case: Case) -> None:
    assert {*case.facts} == {*load(role).inputs} >= {*case.outside}


@pytest.mark.parametrize("case", cases(Role.CONFLICT_RESOLVER), ids=lambda case: case.name)
def test_a_conflict_is_one_that_the_product_would_show(case: Case) -> None:
    conflict = conflict_in(case.facts["conflicts"])

    assert unfit(conflict) == ""
    assert shown(conflict) == case.facts["conflicts"]
    assert {*case.outside} == {*case.facts}  # the product quotes all of it


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (Role.ANNOUNCER, {"title": "It is live", "text": "Ask @ada about the 7 new prices."}),
        (
            Role.CONFLICT_RESOLVER,
            {"summary": "Takes ours.", "texts": [{"path": "x", "text": "<<<<<<< base"}]},
        ),
    ],
)
def test_what_the_product_would_drop_is_no_good_answer(role: Role, said: dict[str, object]) -> None:
    answer = ROLES[role].output.model_validate_json(json.dumps(said))
    demanding = [case for case in cases(role) if case.expect.taken]

    assert demanding
    for case in demanding:
        assert any(one.startswith("it would not be taken: ") for one in case.wrong(answer))


async def test_good_answers_pass_and_bad_ones_fail_with_their_cost(fake: FakeAnthropic) -> None:
    here = settings().model_copy(update={"base_url": fake.url})

    good = await evaluated(here, Secret(KEY), before=lambda _, case: fake.says(*script(case, case.good)))
    bad = await evaluated(here, Secret(KEY), before=lambda _, case: fake.says(*script(case, case.bad)))

    assert not any(one.wrong for one in good) and all(one.wrong for one in bad)
    assert all(one.spent.micros > 0 and one.spent.failed == 0 for one in good)
    assert len(lines(good)) == 1 + len(Role) and len(lines(bad)) == 1 + len(Role) + len(bad)


async def test_an_answer_that_is_none_fails_its_case(fake: FakeAnthropic) -> None:
    here = settings().model_copy(update={"base_url": fake.url})

    (first, *_) = await evaluated(here, Secret(KEY), [Role.DEPLOYER], lambda _, __: fake.says("I refuse"))

    assert first.wrong[0].startswith("no answer: ")


def test_without_a_key_no_pass_rate_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    assert main(["announcer"]) == 0
    assert "no pass rate is claimed" in capsys.readouterr().out
    assert main(["nobody"]) == 2
