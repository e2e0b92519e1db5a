"""Stories of moves that fail, hang, or end in nobody knows what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrate.errors import StartFailed, Unreachable
from orchestrate.models.deployment import DecisionKind, ForApproval, Outcome
from orchestrate.models.move import SetTraffic, Start, words
from tests.stories.places import production, quick
from tests.stories.world import World, world

SWITCH = "web: traffic green 100 %"


def raising(problem: Exception) -> Callable[[], None]:
    """What raises it."""

    def now() -> None:
        raise problem

    return now


async def test_a_move_that_times_out_is_rolled_back_and_announced(folder: Path) -> None:
    async with world(folder, quick(folder, move_timeout=1)) as here:
        deployment, _, change = await here.approved()
        here.provider.slow.add(f"web: start 2 × {change.head[:8]} in green")

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.TIMED_OUT
        assert here.live().name != change.head[:8]
        assert "verify_rollback" in here.stages(deployment.id)
        (told,) = [one for one in await here.announced() if "Timed out" in one.title]
        assert "not done after 1 s" in told.description


async def test_a_move_that_times_out_is_left_when_the_environment_says_so(folder: Path) -> None:
    async with world(folder, quick(folder, move_timeout=1, rollback_on_timeout=False)) as here:
        deployment, _, _ = await here.approved()
        here.provider.slow.add(SWITCH)
        waiting = await here.go(deployment.id)
        assert isinstance(waiting.waits_for, ForApproval)

        here.clock.now += 90_000
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.TIMED_OUT
        assert "roll_back" not in here.stages(deployment.id)
        assert len([one for one in await here.announced() if "Timed out" in one.title]) == 1


async def test_traffic_that_fails_half_way_goes_back_to_the_old_version(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, _, change = await here.approved()
        here.provider.at["web: traffic blue 50 %, green 50 %"] = raising(StartFailed("the router hangs"))

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.provider.weights["web"] == {"blue": 100}
        assert here.live().name != change.head[:8]


async def test_a_move_that_was_made_although_its_answer_was_lost_is_not_made_again(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()

        def lost() -> None:
            here.provider.at.clear()
            here.provider.weights["web"] = {"green": 100}
            raise Unreachable("no answer came")

        here.provider.at[SWITCH] = lost
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert not any(isinstance(move, SetTraffic) for move in here.provider.done)


async def blind(here: World, deployment: str) -> None:
    """The provider is gone right after it was told to switch, and back when a person looked."""

    def vanish() -> None:
        here.provider.at.clear()
        here.provider.is_down = True
        raise Unreachable("no answer came")

    here.provider.at[SWITCH] = vanish
    waiting = await here.go(deployment, most=1000)
    assert isinstance(waiting.waits_for, ForApproval)
    assert here.store.locks.holder("production", "shop") == deployment
    here.provider.is_down = False


async def test_nobody_knows_whether_a_move_happened_and_a_person_says_go_on(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        await blind(here, deployment.id)

        await here.approve(deployment.id)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert len([one for one in here.provider.done if isinstance(one, SetTraffic)]) == 1


async def test_nobody_knows_whether_a_move_happened_and_a_person_says_roll_back(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        await blind(here, deployment.id)

        await here.approve(deployment.id, DecisionKind.ROLL_BACK)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.live().name != change.head[:8]


async def test_the_moves_of_the_plan_are_made_in_its_order_and_once(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        plan = here.store.plans.plan(row.plan_hash or "")
        made = [words(one) for one in here.provider.done]
        wanted = [
            words(one.move) for one in plan.moves if one.move.kind not in ("backup", "verify", "analyse")
        ]
        assert made == wanted
        assert isinstance(here.provider.done[0], Start)
