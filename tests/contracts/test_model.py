"""The contract of a mind: the scripted one, nobody, and Claude through its SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from agents.answers import RiskProposal
from agents.claude import asked_by
from agents.model import Brief, Model, NoModel, Quoted, ScriptedModel
from agents.role import Role
from orchestrate.errors import ModelFailed, PromptInvalid
from orchestrate.models.plan import Risk
from orchestrate.models.secret import Secret
from orchestrate.store import Store
from tests.servers.anthropic import KEY, FakeAnthropic, Says, anthropic_api
from tests.servers.minds import settings

FACTS = {"service": "shop", "environment": "production", "reasons": "large", "diff": Quoted("+ x")}
GOOD = {"risk": "high", "reasons": ["each cart makes fifty queries"]}
NO_ANSWERS = {
    "nothing": "",
    "prose": "The risk is high.",
    "prose around it": f"Sure! {json.dumps(GOOD)}",
    "two of them": json.dumps(GOOD) * 2,
    "a list": json.dumps([GOOD]),
    "another risk": json.dumps(GOOD | {"risk": "none at all"}),
    "a number for a word": json.dumps(GOOD | {"risk": 3}),
    "more than was asked": json.dumps(GOOD | {"approved": True}),
    "half of it": json.dumps(GOOD)[:20],
    "not a number": '{"risk": NaN, "reasons": []}',
}

Says_it = Callable[[str], Model]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeAnthropic]:
    with anthropic_api() as fake:
        yield fake


@pytest.fixture(params=["scripted", "claude"])
def saying(request: pytest.FixtureRequest, store: Store, server: FakeAnthropic) -> Says_it:
    """A mind that answers with this text."""
    if request.param == "scripted":
        return lambda text: ScriptedModel([text])

    def claude(text: str) -> Model:
        server.says(Says(text))
        return asked_by(settings(server.url, deadline=20), lambda: Secret(KEY), store.model_calls)

    return claude


async def ask(mind: Model) -> RiskProposal:
    return await mind.ask(Role.RISK_ASSESSOR, Brief("D1", FACTS), RiskProposal)


async def test_an_answer_is_exactly_its_type(saying: Says_it) -> None:
    said = await ask(saying(json.dumps(GOOD)))

    assert said == RiskProposal(risk=Risk.HIGH, reasons=("each cart makes fifty queries",))


@pytest.mark.parametrize("case", NO_ANSWERS)
async def test_everything_else_is_a_failed_question(saying: Says_it, case: str) -> None:
    with pytest.raises(ModelFailed):
        await ask(saying(NO_ANSWERS[case]))


async def test_facts_that_the_role_does_not_know_are_our_own_mistake(saying: Says_it) -> None:
    with pytest.raises(PromptInvalid):
        await saying("{}").ask(Role.RISK_ASSESSOR, Brief("D1", {"weather": "fine"}), RiskProposal)


async def test_where_nobody_is_every_question_fails() -> None:
    with pytest.raises(ModelFailed, match="no model"):
        await ask(NoModel())


async def test_a_mind_has_a_name_that_people_can_read(saying: Says_it) -> None:
    assert saying("{}").name.isprintable() and saying("{}").name
