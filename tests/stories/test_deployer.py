"""The deployer's advice: a person reads it, it can stop what nobody would have seen, and nothing more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import BaseModel

from agents.answers import Advice, DeployerProposal
from agents.model import Facts, parsed, prompt_of
from agents.role import Role
from orchestrate.errors import EffectRefused, ModelFailed
from orchestrate.models.deployment import DecisionKind, Deployment, ForApproval, Outcome, Stage, Status
from orchestrate.models.environment import Environment
from orchestrate.models.plan import Plan
from orchestrate.models.sample import SampleState
from tests.stories.places import quick, staging
from tests.stories.test_components import MIGRATION, with_database
from tests.stories.test_watching import go_silent, inconclusive
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled
from tools.building import BuildOrder, building
from tools.executor import Errand

T = TypeVar("T", bound=BaseModel)
REASON = "the new column is read before it is filled"
RISKY: Mapping[str, str | None] = {"shop/payment.py": "\n".join(f"pay {number}" for number in range(2000))}


@dataclass
class Advisers:
    """Each role says always the same; who is not named here is down."""

    said: Mapping[Role, BaseModel]
    name: str = "claude"
    asked: list[tuple[Role, str]] = field(default_factory=list[tuple[Role, str]])

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:
        self.asked.append((role, prompt_of(role, facts)))
        if role not in self.said:
            raise ModelFailed("down")
        return parsed(self.said[role].model_dump_json(), answer)

    def told(self, role: Role) -> list[str]:
        return [prompt for who, prompt in self.asked if who is role]


def saying(advice: Advice) -> Advisers:
    return Advisers({Role.DEPLOYER: DeployerProposal(advice=advice, reasons=(REASON,))})


DOWN = Advisers({})


@asynccontextmanager
async def advised(folder: Path, place: Environment, model: Advisers) -> AsyncGenerator[World]:
    around = outside((place.name,), Clock())
    await around.begin({place.name: place})
    around.model = model
    async with assembled(folder, around, {place.name: place}) as here:
        yield here


async def played(here: World, files: Mapping[str, str | None] = RISKY) -> Deployment:
    """A change with these files, driven until somebody is needed."""
    (name,) = here.environments
    change = await here.propose("parts", dict(files))
    task = await here.task(change)
    return await here.go(here.accept(name, task=task.id, change=change.id).id)


def plan_of(here: World, row: Deployment) -> Plan:
    return here.store.plans.plan(row.plan_hash or "")


async def page_of(here: World, row: Deployment, words: str) -> str:
    (page,) = await here.said(row.request.task or "", words)
    return page


@pytest.mark.parametrize("advice", [Advice.HOLD, Advice.ROLL_BACK, Advice.CHECK_MORE])
async def test_whoever_approves_reads_the_advice_and_the_hash_covers_it(folder: Path, advice: Advice) -> None:
    async with advised(folder, quick(folder), saying(advice)) as here:
        row = await played(here)

        said = f"claude advises {advice.replace('_', ' ')}: {REASON}"
        plan = plan_of(here, row)
        assert isinstance(row.waits_for, ForApproval)
        assert plan.risk_reasons[-1] == said
        assert said in await page_of(here, row, "may `shop`")
        without = plan.model_copy(update={"risk_reasons": plan.risk_reasons[:-1]})
        assert without.hash != plan.hash and without.moves == plan.moves


async def test_who_says_proceed_says_no_more_than_who_is_silent(folder: Path) -> None:
    plans: list[Plan] = []
    for name, model in (("a", saying(Advice.PROCEED)), ("b", DOWN)):
        (folder / name).mkdir()
        async with advised(folder / name, quick(folder), model) as here:
            plans.append(plan_of(here, await played(here)))

    same = [one.model_dump_json(exclude={"deployment"}) for one in plans]
    assert same[0] == same[1]


async def test_a_plain_change_asks_no_deployer(folder: Path) -> None:
    model = saying(Advice.HOLD)
    async with advised(folder, staging(folder), model) as here:
        row = await played(here, {"page.py": "new"})

        assert row.outcome is Outcome.DEPLOYED
        assert model.told(Role.DEPLOYER) == []


@pytest.mark.parametrize("advice", [Advice.HOLD, Advice.ROLL_BACK])
async def test_where_nobody_would_be_asked_a_doubt_asks_somebody(folder: Path, advice: Advice) -> None:
    async with advised(folder, staging(folder, approvers=("ada",)), saying(advice)) as here:
        row = await played(here)
        assert isinstance(row.waits_for, ForApproval)
        assert here.providers["staging"].done == []

        await here.approve(row.id)

        assert (await here.go(row.id)).outcome is Outcome.DEPLOYED


async def test_the_person_who_was_asked_because_of_a_doubt_may_hold(folder: Path) -> None:
    async with advised(folder, staging(folder, approvers=("ada",)), saying(Advice.HOLD)) as here:
        row = await played(here)

        await here.approve(row.id, DecisionKind.HOLD)

        assert (await here.go(row.id)).outcome is Outcome.HELD
        assert here.providers["staging"].done == []


async def test_the_door_demands_the_approval_too(folder: Path) -> None:
    async with advised(folder, staging(folder, approvers=("ada",)), saying(Advice.HOLD)) as here:
        row = await played(here)
        here.store.locks.take("staging", "shop", row.id)
        lease = here.store.leases.take(row.id, "hands", 60)
        assert lease is not None
        at = Errand(deployment=row.id, stage=Stage.BUILD, lease=lease, plan_hash=row.plan_hash)
        order = BuildOrder(component="web", version=plan_of(here, row).version)

        with pytest.raises(EffectRefused, match="nobody approved this plan"):
            await here.crew.executor.do(
                building(here.crew.places("staging"), here.forge, lambda _: None), order, at
            )


async def test_where_nobody_could_say_yes_a_doubt_stops_it(folder: Path) -> None:
    async with advised(folder, staging(folder), saying(Advice.HOLD)) as here:
        row = await played(here)

        assert row.outcome is Outcome.BLOCKED
        assert f"claude advises hold: {REASON}; and nobody is named who could say yes" in row.reason
        assert here.providers["staging"].done == []


@pytest.mark.parametrize("model", [saying(Advice.PROCEED), saying(Advice.CHECK_MORE), DOWN])
async def test_without_a_doubt_nobody_is_asked(folder: Path, model: Advisers) -> None:
    async with advised(folder, staging(folder), model) as here:
        assert (await played(here)).outcome is Outcome.DEPLOYED


@pytest.mark.parametrize(("advice", "times"), [(Advice.HOLD, 1), (Advice.CHECK_MORE, 2)])
async def test_whoever_decides_about_an_unclear_watch_reads_the_advice(
    folder: Path, advice: Advice, times: int
) -> None:
    model = saying(advice)
    async with advised(folder, quick(folder), model) as here:
        here.provider.lines["green"] = ["KeyError: 'EUR'"]
        id = await inconclusive(here)

        row = here.store.deployments.deployment(id)
        said = f"claude advises {advice.replace('_', ' ')}: {REASON}"
        assert said in await page_of(here, row, "go on, or go back?")
        assert [one.text for one in here.store.events.of(id) if one.kind == "advice"] == [said] * times
        *_, prompt = model.told(Role.DEPLOYER)
        assert "KeyError: 'EUR'" in prompt and "web in green has 100 % of the traffic; inconclusive" in prompt


@pytest.mark.parametrize("model", [saying(Advice.PROCEED), DOWN], ids=["proceed", "down"])
async def test_an_unclear_watch_is_decided_as_without_a_model(folder: Path, model: Advisers) -> None:
    async with advised(folder, quick(folder), model) as here:
        id = await inconclusive(here)

        row = here.store.deployments.deployment(id)
        assert "claude" not in await page_of(here, row, "go on, or go back?")
        assert [one for one in here.store.events.of(id) if one.kind == "advice"] == []


async def test_an_unclear_watch_goes_back_on_advice_where_that_may_be(folder: Path) -> None:
    async with advised(folder, quick(folder), saying(Advice.ROLL_BACK)) as here:
        old = here.live()
        deployment, _, _ = await here.approved()
        here.provider.at["web: traffic green 100 %"] = lambda: go_silent(here)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK and here.live() == old
        assert row.reason.startswith(f"claude advises roll back: {REASON}")
        verdicts = [one.data["verdict"] for one in here.store.events.of(row.id) if one.kind == "verdict"]
        assert verdicts == ["inconclusive"]  # a model gives none


@pytest.mark.parametrize("model", [saying(Advice.PROCEED), saying(Advice.CHECK_MORE), DOWN])
async def test_a_watch_is_extended_as_without_a_model_unless_there_is_a_doubt(
    folder: Path, model: Advisers
) -> None:
    async with advised(folder, quick(folder), model) as here:
        before, id = len(model.told(Role.DEPLOYER)), await inconclusive(here)

        kinds = [one.kind for one in here.store.events.of(id)]
        assert (kinds.count("extended"), kinds.count("verdict")) == (1, 2)
        assert len(model.told(Role.DEPLOYER)) - before == 2


async def test_a_doubt_asks_a_person_before_a_watch_is_extended(folder: Path) -> None:
    async with advised(folder, quick(folder), saying(Advice.HOLD)) as here:
        began = here.clock.now
        id = await inconclusive(here)

        assert here.clock.now - began == pytest.approx(10, abs=2)  # one watched period, not two
        assert "extended" not in [one.kind for one in here.store.events.of(id)]
        here.metrics.state = SampleState.OK
        await here.approve(id)
        assert (await here.go(id)).outcome is Outcome.DEPLOYED


async def test_a_watch_that_can_be_judged_asks_no_deployer(folder: Path) -> None:
    model = saying(Advice.HOLD)
    async with advised(folder, quick(folder), model) as here:
        row, _, _ = await here.approved()
        before = len(model.told(Role.DEPLOYER))

        assert (await here.go(row.id)).outcome is Outcome.DEPLOYED
        assert len(model.told(Role.DEPLOYER)) == before


async def test_where_nothing_goes_back_by_itself_advice_does_not_either(folder: Path) -> None:
    async with advised(folder, quick(folder, auto_rollback=False), saying(Advice.ROLL_BACK)) as here:
        id = await inconclusive(here)

        row = here.store.deployments.deployment(id)
        assert row.status is Status.WAITING and here.live().name != "main"
        assert "claude advises roll back" in await page_of(here, row, "go on, or go back?")


async def test_a_migration_that_is_too_long_to_be_read_is_told_of(folder: Path) -> None:
    (path,) = MIGRATION
    long = {path: f"-- {'x' * 9000}\n{MIGRATION[path]}"}
    model = saying(Advice.PROCEED)
    async with advised(folder, with_database(folder), model) as here:
        row = await played(here, long)

        said = f"{len((long[path] or '').encode()):,} bytes of migration {path} were not read by a model"
        assert model.told(Role.MIGRATION_REVIEWER) == []
        assert [one.text for one in here.store.events.of(row.id) if one.kind == "advice"] == [said]
        assert plan_of(here, row).risk_reasons[-1] == said
