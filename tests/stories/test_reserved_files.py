"""Stories of files that somebody else has reserved for itself: they are waited for, and never for ever."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.deployment import Deployment, ForApproval, ForChecks, Kind, Outcome, Stage, Status
from orchestrate.models.environment import Environment
from orchestrate.models.learning import Held, Reservation
from orchestrate.models.plan import Risk
from orchestrate.reports.rows import wait_words
from tests.stories.places import quick, staging
from tests.stories.test_working import plan_of
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled, world
from tools.reserving import MemoryReservations

LIMIT = 1800
KEPT = "GreenCastle has reserved faster.py, and has not given it back"


@asynccontextmanager
async def shared(
    folder: Path, place: Environment | None = None, *, lasts: float = 1e6, exclusive: bool = True
) -> AsyncGenerator[tuple[World, MemoryReservations]]:
    """GreenCastle works on what the change touches."""
    place = place or quick(folder)
    around = outside((place.name,), Clock())
    held = MemoryReservations(around.clock)
    theirs = Reservation(
        holder="GreenCastle",
        service="shop",
        files=("faster.py", "else.py"),
        reason="bd-7",
        until=around.clock() + lasts,
        exclusive=exclusive,
    )
    await held.reserve(theirs)
    around.reservations = held
    await around.begin({place.name: place})
    async with assembled(folder, around, {place.name: place}) as here:
        yield here, held


async def begun(here: World) -> Deployment:
    """A change to the file, driven to its first wait."""
    (name,) = here.environments
    change = await here.propose("faster", {"faster.py": "new"})
    task = await here.task(change)
    row = here.accept(name, task=task.id, change=change.id)
    await here.runner.drive(row.id)
    return here.store.deployments.deployment(row.id)


async def test_it_waits_without_a_process_and_says_so_once_until_they_are_given_back(folder: Path) -> None:
    async with shared(folder) as (here, held):
        row = await begun(here)
        assert isinstance(row.waits_for, ForChecks) and row.stage is Stage.WAIT_FOR_CHECKS
        assert wait_words(row.waits_for) == "files that GreenCastle has reserved"
        assert row.status is Status.WAITING
        assert here.store.locks.holder("production", "shop") is None
        for _ in range(3):
            await here.wait(60)
            await here.runner.drive(row.id)
        (said,) = await here.said(row.request.task or "", "Others work on files of this change")
        assert "`faster.py`: GreenCastle (bd-7)" in said and "30 min at the longest" in said

        held.held.pop("GreenCastle")
        await here.wait(60)
        row = await here.go(row.id)

        assert isinstance(row.waits_for, ForApproval)
        assert not [why for why in plan_of(here, row.id).risk_reasons if "GreenCastle" in why]
        await here.approve(row.id)
        assert (await here.go(row.id)).outcome is Outcome.DEPLOYED


async def test_what_ends_by_its_time_is_waited_for_no_longer(folder: Path) -> None:
    async with shared(folder, lasts=90) as (here, _):
        began = here.clock.now
        row = await here.go((await begun(here)).id, most=4000)

        assert isinstance(row.waits_for, ForApproval)
        assert here.clock.now - began == pytest.approx(90, abs=2)


async def test_what_is_never_given_back_goes_on_and_a_person_sees_it(folder: Path) -> None:
    async with shared(folder, staging(folder, approvers=("ada",))) as (here, _):
        began = here.clock.now
        row = await here.go((await begun(here)).id, most=4000)

        assert here.clock.now - began == pytest.approx(LIMIT, abs=2)
        assert isinstance(row.waits_for, ForApproval)
        plan = plan_of(here, row.id)
        assert KEPT in plan.risk_reasons and plan.risk is Risk.MEDIUM
        assert len(await here.said(row.request.task or "", KEPT)) == 1
        assert here.providers["staging"].done == []
        await here.approve(row.id)
        assert (await here.go(row.id)).outcome is Outcome.DEPLOYED


async def test_where_nobody_is_named_who_could_be_asked_it_never_fails_a_deployment(folder: Path) -> None:
    async with shared(folder, staging(folder)) as (here, _):
        row = await here.go((await begun(here)).id, most=4000)

        assert row.outcome is Outcome.DEPLOYED
        assert KEPT in plan_of(here, row.id).risk_reasons


async def test_who_shares_is_told_of_and_not_waited_for(folder: Path) -> None:
    async with shared(folder, exclusive=False) as (here, _):
        row = await begun(here)

        assert isinstance(row.waits_for, ForApproval)
        assert "GreenCastle works on faster.py too" in plan_of(here, row.id).risk_reasons
        (said,) = await here.said(row.request.task or "", "Others work on files of this change")
        assert "at the longest" not in said


async def test_who_comes_later_sees_us_and_is_not_waited_for(folder: Path) -> None:
    async with shared(folder, lasts=90) as (here, held):
        row = await begun(here)
        late = Reservation(
            holder="BlueLake", service="shop", files=("faster.py",), reason="", until=4e9, exclusive=True
        )
        assert [one.by for one in (await held.reserve(late)).held] == ["GreenCastle", row.id]

        assert isinstance((await here.go(row.id)).waits_for, ForApproval)


async def test_a_server_that_falls_silent_while_it_is_waited_for_holds_nothing_up(folder: Path) -> None:
    async def silent(wanted: Reservation) -> tuple[Held, ...]:
        raise Unreachable("the mail does not answer")

    async with shared(folder) as (here, held):
        row = await begun(here)
        held.others = silent
        await here.wait(60)
        await here.runner.drive(row.id)

        assert isinstance(here.store.deployments.deployment(row.id).waits_for, ForApproval)
        story = here.store.events.of(row.id, limit=10_000)
        (said,) = [one.text for one in story if one.kind == "reservations"]
        assert said.startswith("goes on without its reservations: the mail does not answer")


async def test_the_way_back_waits_for_nobody(folder: Path) -> None:
    async with shared(folder) as (here, _):
        change = await here.propose("faster", {"faster.py": "new"})
        row = here.accept("production", change=change.id, kind=Kind.ROLLBACK, requested_by="ada")

        await here.runner.drive(row.id)

        assert not isinstance(here.store.deployments.deployment(row.id).waits_for, ForChecks)


async def test_where_the_settings_wait_for_nobody_a_person_is_asked_at_once(folder: Path) -> None:
    async with shared(folder, staging(folder, approvers=("ada",))) as (here, _):
        object.__setattr__(here.crew, "waits_for_files", 0.0)

        row = await begun(here)

        assert isinstance(row.waits_for, ForApproval) and KEPT in plan_of(here, row.id).risk_reasons


async def test_a_person_is_waited_for_in_our_own_book_and_deployments_are_not(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        book = here.store.reservations
        theirs = Reservation(
            holder="rob", service="shop", files=("*.py",), reason="", until=here.clock() + 1e6, exclusive=True
        )
        book.add(theirs)
        first = await begun(here)
        assert isinstance(first.waits_for, ForChecks) and first.waits_for.held_by == "rob"

        assert book.give_back("rob") == 1
        await here.wait(60)
        assert isinstance((await here.go(first.id)).waits_for, ForApproval)

        change = await here.propose("second", {"faster.py": "other"})
        second = here.accept("production", change=change.id)
        assert isinstance((await here.go(second.id)).waits_for, ForApproval)


async def test_a_wait_that_begins_after_the_change_moved_is_as_long_as_any(folder: Path) -> None:
    async with shared(folder, exclusive=False) as (here, held):
        row = await begun(here)
        await held.release(held.held["GreenCastle"])
        await here.wait(2 * LIMIT)
        theirs = Reservation(
            holder="GreenCastle", service="shop", files=("more.py",), reason="", until=4e9, exclusive=True
        )
        await held.reserve(theirs)
        here.forge.write("faster", {"more.py": "more"}, "One more")
        await here.review(await here.forge.change("1"))
        await here.approve(row.id)

        await here.runner.drive(row.id)

        waiting = here.store.deployments.deployment(row.id)
        assert isinstance(waiting.waits_for, ForChecks) and waiting.waits_for.held_by == "GreenCastle"
        assert len(await here.said(row.request.task or "", "at the longest")) == 1
