"""Stories of releases that are watched: no missing number is ever a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.deployment import DecisionKind, ForApproval, ForTime, Outcome
from orchestrate.models.environment import Monitoring
from orchestrate.models.sample import Judgement, SampleState, Verdict
from tests.stories.places import production, quick
from tests.stories.world import World, world


async def inconclusive(here: World) -> str:
    """A release whose numbers stop coming when it is watched."""
    deployment, _, _ = await here.approved()
    here.provider.at["web: traffic green 100 %"] = lambda: go_silent(here)
    waiting = await here.go(deployment.id)
    assert isinstance(waiting.waits_for, ForApproval)
    return deployment.id


def go_silent(here: World) -> None:
    """The metric source is down from now on."""
    here.metrics.state = SampleState.SOURCE_DOWN


async def test_an_inconclusive_watch_is_extended_once_and_then_a_person_is_asked(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        began = here.clock.now

        deployment = await inconclusive(here)

        told = [one.kind for one in here.store.events.of(deployment)]
        assert told.count("extended") == 1
        assert here.clock.now - began == pytest.approx(20, abs=2)
        assert here.store.deployments.deployment(deployment).outcome is None


async def test_a_release_that_no_worker_looked_at_is_watched_anew_and_then_passes(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        row = await here.runner.drive(deployment.id)
        assert isinstance(row.waits_for, ForTime)

        here.clock.now += 600
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert [one.kind for one in here.store.events.of(row.id)].count("extended") == 1


@pytest.mark.parametrize("state", [one for one in SampleState if one is not SampleState.OK])
async def test_numbers_that_are_missing_are_never_a_pass(folder: Path, state: SampleState) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()

        def silence() -> None:
            here.metrics.state = state

        here.provider.at["web: traffic green 100 %"] = silence
        row = await here.go(deployment.id)

        assert isinstance(row.waits_for, ForApproval) or row.outcome is Outcome.ROLLED_BACK


async def test_a_person_goes_on_after_an_inconclusive_watch(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment = await inconclusive(here)

        await here.approve(deployment)

        assert (await here.go(deployment)).outcome is Outcome.DEPLOYED


async def test_a_person_goes_back_after_an_inconclusive_watch(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        old = here.live()
        deployment = await inconclusive(here)

        await here.approve(deployment, DecisionKind.ROLL_BACK)

        assert (await here.go(deployment)).outcome is Outcome.ROLLED_BACK
        assert here.live() == old


async def test_silence_after_an_inconclusive_watch_takes_the_release_back(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        old = here.live()
        deployment = await inconclusive(here)

        here.clock.now += 90_000

        assert (await here.go(deployment)).outcome is Outcome.ROLLED_BACK
        assert here.live() == old


async def test_hold_after_an_inconclusive_watch_holds_even_when_the_numbers_come_back(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment = await inconclusive(here)
        here.metrics.state = SampleState.OK

        await here.approve(deployment, DecisionKind.HOLD)
        row = await here.go(deployment)

        assert isinstance(row.waits_for, ForApproval)


async def test_a_release_that_turns_bad_while_a_person_thinks_goes_back(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment = await inconclusive(here)
        here.metrics.state = SampleState.OK
        here.metrics.failing["green"] = 0.5
        for _ in range(8):
            await here.wait(1)

        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        assert "failed" in row.reason


async def test_a_provider_that_is_down_while_it_is_verified_is_no_pass(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()

        def vanish() -> None:
            here.provider.at.clear()
            here.provider.weights["web"] = {"green": 100}
            here.provider.is_down = True

        here.provider.at["web: traffic green 100 %"] = vanish
        row = await here.go(deployment.id, most=3000)

        assert row.outcome is not Outcome.DEPLOYED


async def test_too_few_requests_prove_nothing(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        here.metrics.rate = 1
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert isinstance(row.waits_for, ForApproval)


async def test_the_watch_is_reported_on_the_thread_in_its_rhythm(folder: Path) -> None:
    watch = Monitoring(period=20, sample=1, report=5, alerts=("errors",))
    async with world(folder, quick(folder, monitoring=watch)) as here:
        deployment, task, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert len(await here.said(task.id, "to go.")) == 3


async def test_a_canary_that_fails_goes_back_before_it_is_widened(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, _, _ = await here.approved()
        here.metrics.failing["green"] = 0.3

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        shares = [move.weights for move in here.provider.done if move.kind == "set_traffic"]
        assert shares == [{"blue": 90, "green": 10}, {"blue": 100}]


async def test_a_persons_no_ends_a_watch(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        await here.runner.drive(deployment.id)
        (watch,) = here.store.watches.of(deployment.id)
        no = Judgement(verdict=Verdict.FAIL, trigger="person", sentence="ada takes it back")

        here.store.watches.judge(watch.id, no)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert row.reason == "ada takes it back"


async def test_a_sample_under_way_while_its_watch_is_extended_is_judged_by_the_new_end(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        await here.runner.drive(deployment.id)
        (watch,) = here.store.watches.of(deployment.id)
        for _ in range(9):
            await here.wait(1)
        here.clock.now += 2

        here.metrics.before = lambda: here.store.watches.extend(watch.id, watch.until + 10, since=watch.until)
        await here.watching.look()

        judgement = here.store.watches.watch(watch.id).judgement
        assert judgement is not None
        assert (judgement.verdict, judgement.trigger) == (Verdict.INCONCLUSIVE, "watching")


async def test_a_look_that_nobody_foresaw_is_no_evidence_and_ends_nobody_elses_watch(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        here.provider.at["web: traffic green 100 %"] = lambda: break_down(here)

        row = await here.go(deployment.id)

        assert isinstance(row.waits_for, ForApproval), row
        told = [one for one in here.store.events.of(deployment.id) if one.kind == "not_sampled"]
        assert told and "ValueError: a line that nobody can read" in told[0].text
        assert here.store.logs.read(deployment.id, source="traceback", contains="in unreadable")


def break_down(here: World) -> None:
    """From now on reading the numbers fails in a way that has no name."""

    def unreadable() -> None:
        raise ValueError("a line that nobody can read")

    here.metrics.before = unreadable
