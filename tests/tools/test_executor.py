"""The door to effects: intent, look, act, receipt; and never blindly twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from orchestrate.errors import (
    EffectRefused,
    LeaseLost,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    StartFailed,
    StoreUnusable,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.deployment import Request, Stage
from orchestrate.models.effect import EffectState
from orchestrate.models.fact import Fact
from orchestrate.store import Store
from tools.executor import EffectClass, Errand, Executor, Guard, Write


class Bell(Fact):
    """What is rung."""

    name: str


class Rung(Fact):
    """How often it had been rung then."""

    times: int


@dataclass
class Tower:
    """A bell that can be heard, or not."""

    rings: int = 0
    problem: Exception | None = None  # after it rang, or instead
    rings_anyway: bool = False
    is_deaf: bool = False
    before: list[EffectState] = field(default_factory=list[EffectState])

    async def ring(self, bell: Bell) -> Rung:
        if self.problem is None or self.rings_anyway:
            self.rings += 1
        if self.problem is not None:
            raise self.problem
        return Rung(times=self.rings)

    async def heard(self, bell: Bell) -> Rung | None:
        if self.is_deaf:
            raise Unreachable("nobody hears anything")
        return Rung(times=self.rings) if self.rings else None


def ringing(
    tower: Tower, effect: EffectClass = EffectClass.NOTE, *, is_seen: bool = True
) -> Write[Bell, Rung]:
    observe: Callable[[Bell], Awaitable[Rung | None]] | None = tower.heard if is_seen else None
    return Write(
        name="ring", effect=effect, result=Rung, key=lambda bell: bell.name, act=tower.ring, observe=observe
    )


def errand(store: Store, plan_hash: str | None = None) -> Errand:
    row = store.deployments.accept(Request(environment="production", requested_by="rob"), "shop", 1)
    lease = store.leases.take(row.id, "test", 60)
    assert lease is not None
    return Errand(deployment=row.id, stage=Stage.DEPLOY, lease=lease, plan_hash=plan_hash)


def executor(store: Store, *guards: Guard) -> Executor:
    return Executor(store, dict.fromkeys(EffectClass, guards))


def state(store: Store, at: Errand) -> EffectState:
    (effect,) = store.effects.of(at.deployment)
    return effect.state


async def test_an_effect_happens_once_and_its_receipt_is_given_again(store: Store) -> None:
    tower, at = Tower(), errand(store)

    first = await executor(store).do(ringing(tower), Bell(name="great"), at)
    again = await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert first == again == Rung(times=1)
    assert tower.rings == 1


async def test_what_the_world_already_has_is_not_done(store: Store) -> None:
    tower, at = Tower(rings=5), errand(store)

    found = await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert found == Rung(times=5)
    assert tower.rings == 5
    assert state(store, at) is EffectState.DONE


async def test_a_guard_is_asked_before_anything_is_remembered(store: Store) -> None:
    tower, at = Tower(), errand(store)

    async def no(_: Errand, args: BaseModel) -> None:
        raise EffectRefused("ring", "it is night")

    with pytest.raises(EffectRefused, match="night"):
        await executor(store, no).do(ringing(tower), Bell(name="great"), at)

    assert tower.rings == 0
    assert store.effects.of(at.deployment) == ()


@pytest.mark.parametrize("problem", [Unreachable("nobody answers"), ValueError("odd"), OSError("disk")])
async def test_a_guard_that_cannot_look_says_no(store: Store, problem: Exception) -> None:
    tower, at = Tower(), errand(store)

    async def blind(_: Errand, args: BaseModel) -> None:
        raise problem

    with pytest.raises(EffectRefused, match="could not be made"):
        await executor(store, blind).do(ringing(tower), Bell(name="great"), at)

    assert tower.rings == 0


async def test_a_store_that_cannot_be_used_is_no_refusal(store: Store) -> None:
    async def broken(_: Errand, args: BaseModel) -> None:
        raise StoreUnusable("locked")

    with pytest.raises(StoreUnusable):
        await executor(store, broken).do(ringing(Tower()), Bell(name="great"), errand(store))


@pytest.mark.parametrize("problem", [StartFailed("it is stuck"), UnknownVersion("v1"), OSError("disk full")])
async def test_what_is_known_not_to_have_happened_may_be_tried_again(
    store: Store, problem: Exception
) -> None:
    tower, at = Tower(problem=problem), errand(store)
    with pytest.raises(OrchestrateError):
        await executor(store).do(ringing(tower), Bell(name="great"), at)
    assert state(store, at) is EffectState.FAILED

    tower.problem = None
    await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert tower.rings == 1
    assert state(store, at) is EffectState.DONE


async def test_an_answer_that_was_lost_is_found_in_the_world(store: Store) -> None:
    tower, at = Tower(problem=Unreachable("no answer"), rings_anyway=True), errand(store)

    found = await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert found == Rung(times=1)
    assert state(store, at) is EffectState.DONE


class LosesHearing(Tower):
    """Nobody hears anything once it was rung."""

    async def ring(self, bell: Bell) -> Rung:
        self.is_deaf = True
        return await super().ring(bell)


async def unknown(store: Store, *, rang: bool) -> tuple[Tower, Errand]:
    """An effect of which nobody knows whether it happened."""
    tower, at = LosesHearing(problem=Unreachable("no answer"), rings_anyway=rang), errand(store)
    with pytest.raises(OutcomeUnknown):
        await executor(store).do(ringing(tower), Bell(name="great"), at)
    assert state(store, at) is EffectState.UNKNOWN
    tower.problem = None
    return tower, at


async def test_what_is_unknown_is_not_tried_while_nobody_can_look(store: Store) -> None:
    tower, at = await unknown(store, rang=False)

    with pytest.raises(OutcomeUnknown, match="still not known"):
        await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert tower.rings == 0
    assert state(store, at) is EffectState.UNKNOWN


@pytest.mark.parametrize("rang", [True, False])
async def test_what_is_unknown_is_settled_by_looking(store: Store, rang: bool) -> None:
    tower, at = await unknown(store, rang=rang)
    tower.is_deaf = False

    await executor(store).do(ringing(Tower(rings=tower.rings)), Bell(name="great"), at)

    assert state(store, at) is EffectState.DONE


async def test_what_cannot_be_looked_at_stays_unknown(store: Store) -> None:
    at = errand(store)
    with pytest.raises(OutcomeUnknown):
        lost = Tower(problem=OutcomeUnknown("nobody can say"))
        await executor(store).do(ringing(lost, is_seen=False), Bell(name="great"), at)

    with pytest.raises(OutcomeUnknown):
        await executor(store).do(ringing(Tower(), is_seen=False), Bell(name="great"), at)


async def test_a_lost_lease_keeps_the_intent_for_whoever_has_it_now(store: Store) -> None:
    tower, at = Tower(), errand(store)
    store.leases.release(at.lease)
    store.leases.take(at.deployment, "another", 60)

    with pytest.raises(LeaseLost):
        await executor(store).do(ringing(tower), Bell(name="great"), at)

    assert tower.rings == 0


async def test_a_change_is_another_one_under_another_plan_and_a_note_is_not(store: Store) -> None:
    tower, first = Tower(), errand(store, "a" * 64)
    second = Errand(deployment=first.deployment, stage=first.stage, lease=first.lease, plan_hash="b" * 64)

    for kind in (EffectClass.NOTE, EffectClass.CHANGE):
        for at in (first, second):
            await executor(store).do(ringing(tower, kind, is_seen=False), Bell(name=kind), at)

    assert tower.rings == 3


async def test_it_is_known_what_was_meant_before(store: Store) -> None:
    at, door = errand(store), executor(store)
    assert not door.was_meant(ringing(Tower()), Bell(name="great"), at)

    with pytest.raises(OutsideFailed):
        await door.do(ringing(Tower(problem=StartFailed("stuck"))), Bell(name="great"), at)

    assert door.was_meant(ringing(Tower()), Bell(name="great"), at)
    assert not door.was_meant(ringing(Tower()), Bell(name="small"), at)
