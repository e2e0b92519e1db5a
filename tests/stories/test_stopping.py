"""Stories of people who stop effects: nothing begins, nothing is lost, and a way back stays open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.counter.going_back import call_back, is_held_half_way
from orchestrate.errors import StartFailed
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import (
    DecisionKind,
    Deployment,
    ForEffects,
    Kind,
    Lease,
    Outcome,
    Status,
)
from orchestrate.models.effect import Effect
from tests.stories.durable import ending_of
from tests.stories.places import quick
from tests.stories.world import World, world

SWITCH = "web: traffic green 100 %"
Happening = Callable[[World], object]


def stop(here: World) -> None:
    here.store.switch.stop("ada", "it looks odd")


def stop_everything(here: World) -> None:
    here.store.switch.stop("ada", "it looks odd", everything=True)


def lose_the_anchor(here: World) -> None:
    anchor = here.store._database.anchor
    assert anchor is not None
    anchor.file.unlink()


def is_held(row: Deployment) -> bool:
    return row.status is Status.WAITING and isinstance(row.waits_for, ForEffects)


def count(here: World, at: int = 0, happening: Happening = stop) -> list[int]:
    """How many effects are meant; as soon as the `at`-th is, that happens."""
    meant, intend = [0], here.store.effects.intend

    def counting(*args: object) -> Effect:
        effect = intend(*args)  # pyright: ignore[reportArgumentType]
        meant[0] += 1
        if meant[0] == at:
            happening(here)
        return effect

    here.store.effects.intend = counting  # pyright: ignore[reportAttributeAccessIssue]
    return meant


async def onward(here: World, row: Deployment) -> Deployment:
    """To the end, or until effects may not begin; Ada approves on the way."""
    row = await here.go(row.id)
    if row.status is not Status.FINISHED and not is_held(row):
        await here.approve(row.id)
        row = await here.go(row.id)
    return row


async def calm(folder: Path) -> tuple[list[str], int]:
    """How it ends when nobody stops anything, and how many effects that takes."""
    folder.mkdir()
    async with world(folder, quick(folder)) as here:
        meant = count(here)
        row = await onward(here, (await here.ready())[0])
        return await ending_of(here, row), meant[0]


async def test_whenever_effects_are_stopped_the_end_is_the_same(folder: Path) -> None:
    wanted, effects = await calm(folder / "calm")
    assert effects > 10

    for at in range(1, effects):
        (folder / str(at)).mkdir()
        async with world(folder / str(at), quick(folder / str(at))) as here:
            meant = count(here, at)
            row = await onward(here, (await here.ready())[0])
            assert is_held(row), (at, row)
            assert meant == [at]

            here.store.switch.allow("ada", "all is well")
            row = await onward(here, row)

            assert await ending_of(here, row) == wanted, at
            assert here.store.audit.verify().broken is None


@pytest.mark.parametrize("at", [1, 4, 8])
async def test_without_its_audit_nothing_is_done_and_afterwards_all_of_it(folder: Path, at: int) -> None:
    wanted, _ = await calm(folder / "calm")
    async with world(folder, quick(folder)) as here:
        meant = count(here, at, lose_the_anchor)
        row = await onward(here, (await here.ready())[0])
        await here.wait(60)
        row = await here.go(row.id)
        assert is_held(row) and "anchor" in str(row.waits_for)
        assert meant[0] == at

        here.store.audit.anchor("ada", "somebody tidied up")
        await here.wait(400)
        row = await onward(here, row)

        assert await ending_of(here, row) == wanted


def failing(here: World, happening: Happening) -> None:
    """The traffic does not follow, and that happens at the same moment."""

    def fail() -> None:
        happening(here)
        raise StartFailed("the router hangs")

    here.provider.at[SWITCH] = fail


async def rolled_back(folder: Path) -> list[str]:
    folder.mkdir()
    async with world(folder, quick(folder)) as here:
        failing(here, lambda _: None)
        return await ending_of(here, await onward(here, (await here.ready())[0]))


async def test_a_release_that_does_badly_goes_back_while_effects_are_stopped(folder: Path) -> None:
    wanted = await rolled_back(folder / "calm")
    async with world(folder, quick(folder)) as here:
        failing(here, stop)
        row = await onward(here, (await here.ready())[0])
        assert is_held(row)
        assert here.provider.weights["web"] == {"blue": 100}
        assert row.stage == "fix_tasks"

        here.store.switch.allow("ada", "all is well")
        row = await here.go(row.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert await ending_of(here, row) == wanted


async def test_when_everything_is_stopped_it_goes_back_afterwards(folder: Path) -> None:
    wanted = await rolled_back(folder / "calm")
    async with world(folder, quick(folder)) as here:
        failing(here, stop_everything)
        row = await onward(here, (await here.ready())[0])
        assert is_held(row) and row.stage == "roll_back"

        stop(here)  # less than everything: undos may begin
        row = await here.go(row.id)
        assert is_held(row) and row.stage == "fix_tasks"

        here.store.switch.allow("ada", "all is well")
        assert await ending_of(here, await here.go(row.id)) == wanted


@pytest.mark.parametrize(("happening", "is_done"), [(stop, True), (stop_everything, False)])
async def test_a_rollback_by_hand_goes_on_unless_everything_is_stopped(
    folder: Path, happening: Happening, is_done: bool
) -> None:
    async with world(folder, quick(folder)) as here:
        before = here.live()
        await onward(here, (await here.ready())[0])
        assert here.live() != before

        happening(here)
        back = here.accept("production", kind=Kind.ROLLBACK, version=before.commit, requested_by="ada")
        row = await here.go(back.id)

        assert (here.live() == before) is is_done
        assert is_held(row) is not is_done


async def test_who_parks_waits_to_tell_it_until_effects_may_begin(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        row, task, _ = await here.ready()
        await here.go(row.id)
        here.tracker.forget(task.id)
        stop(here)
        await here.approve(row.id)

        held = await here.go(row.id)
        here.store.switch.allow("ada", "all is well")
        ended = await here.go(row.id)

        assert is_held(held)
        assert ended.outcome is not None


async def test_every_effect_is_in_the_audit_before_it_and_after_it(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        failing(here, lambda _: None)
        row = await onward(here, (await here.ready())[0])

        entries = here.store.audit.entries(row.id)

        for effect in here.store.effects.of(row.id):
            key = effect.key.removeprefix(f"{row.id}/")
            told = [one.kind for one in entries if one.facts.get("key") == key]
            assert told[0] is AuditKind.INTENT, effect
            assert told[-1] in (AuditKind.DONE, AuditKind.FAILED), effect
        kinds = {one.kind for one in entries}
        assert {"claimed", "planned", "decided", "used", "locked", "quarantined", "freed", "ended"} <= kinds


def at_the_first_change(here: World, happening: Happening) -> None:
    """That happens while the first move is made that changes anything."""
    intend = here.store.effects.intend

    def meant(lease: Lease, key: str, name: str, args_json: str) -> Effect:
        if name == "move" and '"backup"' not in args_json:
            here.store.effects.intend = intend
            happening(here)
        return intend(lease, key, name, args_json)

    here.store.effects.intend = meant


@pytest.mark.parametrize("is_allowed_before", [False, True])
async def test_a_person_takes_back_what_is_held_half_way(folder: Path, is_allowed_before: bool) -> None:
    async with world(folder, quick(folder)) as here:
        at_the_first_change(here, stop)
        held = await onward(here, (await here.ready())[0])
        assert is_held_half_way(held) and here.provider.done

        call_back(here.store, held, "ada", "the numbers are odd")
        if not is_allowed_before:
            held = await here.go(held.id)
            assert is_held(held) and held.stage == "fix_tasks"
        here.store.switch.allow("ada", "all is well")
        row = await here.go(held.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.provider.weights["web"] == {"blue": 100}
        assert "ada takes it back: the numbers are odd" in row.reason


async def test_who_would_have_been_asked_may_say_so_while_effects_are_stopped(folder: Path) -> None:
    async with world(folder, quick(folder, auto_rollback=False)) as here:
        failing(here, stop)
        held = await onward(here, (await here.ready())[0])
        assert is_held(held)

        await here.approve(held.id, DecisionKind.ROLL_BACK)
        held = await here.go(held.id)
        assert here.provider.weights["web"] == {"blue": 100}
        here.store.switch.allow("ada", "all is well")

        assert (await here.go(held.id)).outcome is Outcome.ROLLED_BACK
