"""Stories of people who stop effects: nothing begins, nothing is lost, and a way back stays open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.errors import StartFailed
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, ForEffects, Kind, Outcome, Status
from tests.stories.durable import ending_of
from tests.stories.places import quick
from tests.stories.world import World, world

MOMENTS = ("pick_up", "approval", "merge", "deploy", "finish")


def is_stopped(row: Deployment) -> bool:
    return row.status is Status.WAITING and isinstance(row.waits_for, ForEffects)


@dataclass
class Hand:
    """Ada, who stops effects as soon as the `at`-th effect is meant."""

    here: World
    at: int
    meant: int = 0

    def arm(self) -> None:
        intend = self.here.store.effects.intend

        def counting(*args: object) -> object:
            self.meant += 1
            if self.meant == self.at:
                self.here.store.switch.stop("ada", "it looks odd")
            return intend(*args)  # pyright: ignore[reportArgumentType]

        self.here.store.effects.intend = counting  # pyright: ignore[reportAttributeAccessIssue]


async def calm(folder: Path) -> tuple[list[str], int]:
    """How it ends when nobody stops anything, and how many effects that takes."""
    folder.mkdir()
    async with world(folder, quick(folder)) as here:
        hand = Hand(here, 0)
        hand.arm()
        row, _, _ = await here.approved()
        row = await here.go(row.id)
        return await ending_of(here, row), hand.meant


async def test_whenever_effects_are_stopped_the_end_is_the_same(folder: Path) -> None:
    wanted, effects = await calm(folder / "calm")
    assert effects > 10

    for at in range(1, effects):
        (folder / str(at)).mkdir()
        async with world(folder / str(at), quick(folder / str(at))) as here:
            Hand(here, at).arm()
            row, _, _ = await here.ready()
            row = await here.go(row.id)
            if not is_stopped(row):
                await here.approve(row.id)
                row = await here.go(row.id)
            assert is_stopped(row), (at, row)
            done = len(here.store.effects.of(row.id))
            assert is_stopped(await here.go(row.id))
            assert len(here.store.effects.of(row.id)) == done

            here.store.switch.allow("ada", "all is well")
            row = await here.go(row.id)
            if row.status is not Status.FINISHED:
                await here.approve(row.id)
                row = await here.go(row.id)

            assert await ending_of(here, row) == wanted, at
            assert here.store.audit.verify().broken is None
