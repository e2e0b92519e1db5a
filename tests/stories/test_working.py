"""Stories of what a deployment learns, and of who works on the same files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrate.errors import Unreachable
from orchestrate.models.deployment import Outcome
from orchestrate.models.learning import Learning, Reservation, Reserved, Topic
from orchestrate.models.plan import Plan, Risk
from tests.stories.places import quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled, world
from tools.remembering import Memory, MemoryInMind
from tools.reserving import MemoryReservations, Reservations


@asynccontextmanager
async def knowing(
    folder: Path, memory: Memory | None = None, reservations: Reservations | None = None
) -> AsyncGenerator[World]:
    environments = {"production": quick(folder)}
    around = outside(("production",), Clock())
    around.memory, around.reservations = memory, reservations
    await around.begin(environments)
    async with assembled(folder, around, environments) as here:
        yield here


class Away(MemoryInMind, MemoryReservations):
    """Nobody answers."""

    def __init__(self) -> None:
        MemoryInMind.__init__(self)
        MemoryReservations.__init__(self, lambda: 0.0)

    async def known(self, learning: Learning) -> bool:
        raise Unreachable("cm does not answer")

    async def recall(self, topic: Topic) -> tuple[Learning, ...]:
        raise Unreachable("cm does not answer")

    async def reserve(self, wanted: Reservation) -> Reserved:
        raise Unreachable("the mail does not answer")


def plan_of(here: World, deployment: str) -> Plan:
    row = here.store.deployments.deployment(deployment)
    return here.store.plans.plan(row.plan_hash or "")


async def test_what_did_badly_makes_the_next_plan_about_its_files_riskier(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        here.metrics.failing["green"] = 0.5
        row, _, _ = await here.approved()
        assert (await here.go(row.id)).outcome is Outcome.ROLLED_BACK
        here.metrics.failing.clear()
        for locked in here.store.quarantine.active("production", "shop"):
            here.store.quarantine.lift("production", locked.commit, "ada", "mended")
        change = await here.propose("mended", {"faster.py": "mended"})
        again = await here.go(here.accept("production", change=change.id).id)
        other = await here.propose("other", {"other.py": "new"})
        apart = await here.go(here.accept("production", change=other.id).id)

        found = plan_of(here, again.id)
        assert found.risk is Risk.MEDIUM
        assert [why for why in found.risk_reasons if why.startswith("faster.py did badly here before")]
        assert not [why for why in plan_of(here, apart.id).risk_reasons if "did badly" in why]


async def test_what_went_well_is_learnt_and_makes_nothing_laxer(folder: Path) -> None:
    memory = MemoryInMind()
    async with knowing(folder, memory) as here:
        row, _, _ = await here.approved()
        await here.go(row.id)

        (kept,) = memory.kept
        assert (kept.was_good, kept.files, kept.environment) == (True, ("faster.py",), "production")
        assert kept.text.startswith("Deployed: shop")


async def test_a_person_who_holds_teaches_nothing_and_the_files_are_given_back(folder: Path) -> None:
    memory, reservations = MemoryInMind(), MemoryReservations(Clock())
    async with knowing(folder, memory, reservations) as here:
        row, task, _ = await here.asked()
        assert [*reservations.held] == [row.id]

        await here.says("ada", "Hold", task.id)
        row = await here.go(row.id)

        assert (row.outcome, memory.kept, reservations.held) == (Outcome.HELD, [], {})


async def test_others_who_work_on_the_files_are_named_in_the_plan_and_on_the_thread(folder: Path) -> None:
    clock = Clock()
    reservations = MemoryReservations(clock)
    theirs = Reservation(
        holder="GreenCastle", service="shop", files=("faster.py",), reason="bd-7", until=clock() + 900
    )
    await reservations.reserve(theirs)
    async with knowing(folder, reservations=reservations) as here:
        row, task, _ = await here.approved()
        row = await here.go(row.id)

        assert row.outcome is Outcome.DEPLOYED
        (said,) = await here.said(task.id, "Others work on files of this change")
        assert "`faster.py`: GreenCastle (bd-7), until 2027" in said
        assert "GreenCastle works on faster.py too" in plan_of(here, row.id).risk_reasons
        assert reservations.held == {"GreenCastle": theirs}


async def test_two_deployments_of_our_own_see_each_other(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        first, _, _ = await here.asked()
        change = await here.propose("second", {"faster.py": "other"})
        second = await here.go(here.accept("production", change=change.id).id)

        assert f"{first.id} works on faster.py too" in plan_of(here, second.id).risk_reasons


async def test_where_nobody_answers_it_is_one_line_of_the_story_and_nothing_else(folder: Path) -> None:
    (folder / "calm").mkdir()
    async with world(folder / "calm", quick(folder / "calm")) as calm:
        row, _, _ = await calm.approved()
        wanted = (await calm.go(row.id)).outcome
    away = Away()
    async with knowing(folder, away, away) as here:
        row, _, _ = await here.approved()
        row = await here.go(row.id)

        story = here.store.events.of(row.id, limit=10_000)
        assert row.outcome is wanted is Outcome.DEPLOYED
        assert [one.kind for one in story if one.kind in ("memory", "reservations", "not_done")] == [
            "memory",
            "reservations",
            "memory",
        ]
