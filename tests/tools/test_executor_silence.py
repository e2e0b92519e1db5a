"""The door to effects when the outside is silent, turns us away, or asks us to come back later."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from orchestrate.errors import (
    AccessDenied,
    CheckNotMade,
    OrchestrateError,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from orchestrate.models.effect import EffectState
from orchestrate.store import Store
from tests.tools.test_executor import Bell, Rung, Tower, errand, executor, ringing, state
from tools.executor import Errand

GREAT = Bell(name="great")


@pytest.mark.parametrize("problem", [RateLimited("429", retry_after=30.0), AccessDenied("403")])
async def test_whoever_turned_us_away_did_nothing_and_is_not_asked_what_they_did(
    store: Store, problem: OrchestrateError
) -> None:
    tower, at = Tower(problem=problem), errand(store)
    tower.is_deaf = False

    with pytest.raises(type(problem)):
        await executor(store).do(ringing(tower, is_seen=False), GREAT, at)

    assert state(store, at) is EffectState.FAILED
    tower.problem = None
    assert await executor(store).do(ringing(tower), GREAT, at) == Rung(times=1)


@pytest.mark.parametrize("lost", [TimeoutError(), ConnectionResetError("reset by peer")])
async def test_an_answer_that_was_lost_is_looked_for(store: Store, lost: OSError) -> None:
    tower, at = Tower(problem=lost, rings_anyway=True), errand(store)

    assert await executor(store).do(ringing(tower), GREAT, at) == Rung(times=1)
    assert state(store, at) is EffectState.DONE


async def test_a_connection_that_was_refused_is_an_outside_that_is_silent(store: Store) -> None:
    tower, at = Tower(problem=ConnectionRefusedError("refused")), errand(store)

    with pytest.raises(Unreachable, match="ring: refused"):
        await executor(store).do(ringing(tower), GREAT, at)


async def test_silence_on_both_ways_is_unknown_and_looked_at_again(store: Store) -> None:
    tower, at = Tower(problem=TimeoutError(), rings_anyway=True), errand(store)

    async def vanishes(bell: Bell) -> Rung:
        tower.is_deaf = True
        return await Tower.ring(tower, bell)

    tower.ring = vanishes
    with pytest.raises(OutcomeUnknown):
        await executor(store).do(ringing(tower), GREAT, at)
    assert state(store, at) is EffectState.UNKNOWN

    tower.is_deaf = False
    assert await executor(store).do(ringing(tower), GREAT, at) == Rung(times=1)


async def test_a_check_that_cannot_be_made_refuses_for_now(store: Store) -> None:
    tower, at, silent = Tower(), errand(store), [True]

    async def guard(at: Errand, args: BaseModel) -> None:
        if silent[0]:
            raise Unreachable("no answer")

    with pytest.raises(CheckNotMade, match="could not be made: no answer"):
        await executor(store, guard).do(ringing(tower), GREAT, at)
    assert tower.rings == 0

    silent[0] = False
    assert await executor(store, guard).do(ringing(tower), GREAT, at) == Rung(times=1)
