"""Stories of what the judge knows from before: it foresees, ends early, and watches after the promotion."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.environment import CanaryStep, Monitoring, Triggers
from orchestrate.models.fact import canonical
from orchestrate.models.sample import Verdict
from orchestrate.reports import plan_page
from tests.stories.places import production
from tests.stories.world import World, world

LONG = (CanaryStep(share=10, seconds=300),)
PROVEN = Triggers(window=2, minimum_requests=20, warm_up=0, smallest_harm=500)


async def deployed(here: World, branch: str, tick: float = 1) -> Deployment:
    row, _, _ = await here.approved(branch)
    return await here.go(row.id, tick=tick)


async def test_a_step_ends_when_the_declared_harm_is_excluded(folder: Path) -> None:
    async with world(folder, production(folder, canary=LONG, triggers=PROVEN)) as here:
        row = await deployed(here, "faster")
        canary = here.store.watches.of(row.id)[0]

        assert row.outcome is Outcome.DEPLOYED
        assert canary.judgement is not None and canary.judgement.verdict is Verdict.PASS
        assert "5 % more errors would have shown by now" in canary.judgement.sentence
        assert canary.closed_at is not None and canary.closed_at - canary.opened_at < 30


async def test_a_step_with_more_errors_is_not_ended_early(folder: Path) -> None:
    async with world(folder, production(folder, canary=LONG, triggers=PROVEN)) as here:
        here.metrics.failing["green"] = 0.06

        row = await deployed(here, "faster")

        assert row.outcome is Outcome.ROLLED_BACK


async def test_what_a_canary_can_see_is_said_before_it_begins(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        first = await deployed(here, "faster")
        second = await deployed(here, "again")

        told = {
            row.id: [one.text for one in here.store.events.of(row.id) if one.kind == "foresight"]
            for row in (first, second)
        }
        (unknown,) = told[first.id]
        assert unknown.startswith("web: no traffic known: the canary will be judged only by the thresholds")
        assert told[second.id][0].startswith("web: 10 % of the traffic for 5 s (45 requests) show ")
        assert "; 1 % more errors take " in told[second.id][0]


async def test_whoever_approves_is_told_what_the_canary_can_see_beside_what_is_hashed(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        await deployed(here, "faster")
        row, task, _ = await here.asked("again")

        (request,) = await here.said(task.id, "Answer on this thread")
        plan = here.store.plans.of(row.id)
        beside, hashed = request.split(plan_page(plan))
        assert "web: 10 % of the traffic for 5 s (45 requests)" in beside and "requests" not in hashed
        assert "no part of the plan, nor of its hash" in beside
        assert "45 requests" not in canonical(plan)


async def test_without_a_comparison_only_thresholds_judge_and_that_is_said(folder: Path) -> None:
    fixed = Triggers(comparison=False)
    async with world(folder, production(folder, triggers=fixed)) as here:
        row, _, _ = await here.asked("faster")

        (said,) = here.store.events.foreseen(row.id, row.plan_hash or "")
        assert said == "web: the comparison is off: it will be judged only by the thresholds"


async def test_a_regression_below_every_threshold_is_seen_after_the_promotion(folder: Path) -> None:
    watched = Monitoring(period=2400, sample=20, report=600, alerts=("errors",))
    steps, slower = (CanaryStep(share=50, seconds=100),), Triggers(window=60, minimum_requests=20)
    async with world(folder, production(folder, canary=steps, monitoring=watched, triggers=slower)) as here:
        first = await deployed(here, "faster", 20)
        here.provider.at["web: traffic blue 100 %"] = lambda: here.metrics.failing.update(blue=0.008)

        second = await deployed(here, "again", 20)

        assert (first.outcome, second.outcome) == (Outcome.DEPLOYED, Outcome.ROLLED_BACK)
        (bad,) = [one for one in here.store.watches.of(second.id) if one.is_bad]
        assert bad.final and bad.judgement is not None
        assert "to the version before" in bad.judgement.sentence
