"""The one door to effects: check, remember the intent, look whether it happened, act, remember."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

from orchestrate.errors import (
    AccessDenied,
    CheckNotMade,
    EffectRefused,
    EffectsStopped,
    LeaseLost,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    Refused,
    StoreUnusable,
    Unreachable,
)
from orchestrate.models.deployment import Lease, Stage, Told
from orchestrate.models.effect import Effect, EffectState
from orchestrate.store import Store

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")


class EffectClass(StrEnum):
    """What a write does to the world, and so what is checked before it."""

    NOTE = "note"  # comments, tasks, announcements
    CHANGE = "change"  # merge, moves, migrations
    UNDO = "undo"  # rollback moves: a freeze, an expired approval or a moved head never stops them


@dataclass(frozen=True, kw_only=True)
class Errand:
    """For which deployment, at which stage, under which lease and plan something is done."""

    deployment: str
    stage: Stage
    lease: Lease
    plan_hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class Write(Generic[A, R]):
    """A tool with an effect. `observe` tells whether the world already has it; None: cannot be told."""

    name: str
    effect: EffectClass
    result: type[R]
    key: Callable[[A], str]
    act: Callable[[A], Awaitable[R]]
    observe: Callable[[A], Awaitable[R | None]] | None = None


Guard = Callable[[Errand, BaseModel], Awaitable[None]]
"""Raises EffectRefused, with the reason, when the effect must not happen."""


@dataclass(frozen=True)
class Executor:
    """Does each effect once, whatever crashes, and only while its guards agree."""

    store: Store
    guards: Mapping[EffectClass, tuple[Guard, ...]]

    async def do(
        self, write: Write[A, R], args: A, at: Errand, telling: Callable[[R], Told] | None = None
    ) -> R:
        """Do it, or give the receipt of when it was done; the story is told what `telling` makes of it.

        Raises EffectRefused (a guard said no), EffectsStopped (not now: a person stopped effects, or the
        audit cannot be kept), CheckNotMade (not yet: a check could not be made), LeaseLost, OutsideFailed or
        NotFound (it did not happen), and OutcomeUnknown (nobody can say). What is unknown is looked at again,
        and never tried blindly.
        """
        await self._check(write, args, at)
        key = self._key(write, args, at)
        effect = self.store.effects.intend(at.lease, key, write.name, args.model_dump_json())
        if effect.state is EffectState.DONE and effect.receipt is not None:
            return write.result.model_validate_json(effect.receipt)
        if effect.state is EffectState.UNKNOWN:
            receipt = await self._look_again(write, args, effect)
        else:
            receipt = await self._happened(write, args)
        receipt = receipt or await self._act(write, args, at, key)
        with self.store.together():
            self.store.effects.done(at.lease, key, receipt.model_dump_json())
            if telling is not None:
                self.store.events.tell(at.deployment, at.stage, (telling(receipt),))
        return receipt

    def was_meant(self, write: Write[A, R], args: A, at: Errand) -> bool:
        """Whether this deployment meant to do it before, however that ended."""
        return self.meant_at(write, args, at) is not None

    def meant_at(self, write: Write[A, R], args: A, at: Errand) -> float | None:
        """When this deployment first meant to do it (epoch seconds), however that ended."""
        key = self._key(write, args, at)
        return next((one.at for one in self.store.effects.of(at.deployment) if one.key == key), None)

    async def _check(self, write: Write[A, R], args: A, at: Errand) -> None:
        for guard in self.guards[write.effect]:
            try:
                await guard(at, args)
            except (Refused, EffectsStopped, StoreUnusable):
                raise
            except Unreachable as silent:
                raise CheckNotMade(write.name, f"a check could not be made: {silent}") from silent
            except (OrchestrateError, ValueError, OSError) as problem:
                raise EffectRefused(write.name, f"a check could not be made: {problem}") from problem

    def _key(self, write: Write[A, R], args: A, at: Errand) -> str:
        key = f"{at.deployment}/{at.stage}/{write.name}/{write.key(args)}"
        is_change = write.effect is EffectClass.CHANGE and at.plan_hash
        return f"{key}{_mark(at.plan_hash)}" if is_change and at.plan_hash else key

    async def _happened(self, write: Write[A, R], args: A) -> R | None:
        return await _asked(write.name, write.observe(args)) if write.observe else None

    async def _look_again(self, write: Write[A, R], args: A, effect: Effect) -> R | None:
        """What the world shows of an effect whose outcome was unknown. Raises OutcomeUnknown: it still is."""
        if write.observe is None:
            raise OutcomeUnknown(f"{write.name}: it is not known whether this happened: {effect.why}")
        try:
            return await self._happened(write, args)
        except OutsideFailed as blind:
            why = f"it is still not known whether this happened: {effect.why}; {blind}"
            raise OutcomeUnknown(f"{write.name}: {why}") from blind

    async def _act(self, write: Write[A, R], args: A, at: Errand, key: str) -> R:
        """Act, unless another took over while we looked: it may be through with all that follows."""
        if not self.store.leases.is_current(at.lease):
            raise LeaseLost(at.deployment, at.lease.token)
        try:
            return await _asked(write.name, write.act(args))
        except (RateLimited, AccessDenied) as turned_away:
            self.store.effects.failed(at.lease, key, str(turned_away))
            raise
        except (OutsideFailed, NotFound) as problem:
            receipt = await self._seen_after_all(write, args, at, key, problem)
            if receipt is None:
                self.store.effects.failed(at.lease, key, str(problem))
                raise
            return receipt
        except OutcomeUnknown as problem:
            self.store.effects.unknown(at.lease, key, str(problem))
            raise

    async def _seen_after_all(
        self, write: Write[A, R], args: A, at: Errand, key: str, problem: OrchestrateError
    ) -> R | None:
        try:
            return await self._happened(write, args)
        except OutsideFailed as blind:
            why = f"{problem}; and looking at it failed too: {blind}"
            self.store.effects.unknown(at.lease, key, why)
            raise OutcomeUnknown(f"{write.name}: {why}") from problem


def is_change_of(effect: Effect, at: Errand) -> bool:
    """Whether it is a change that was meant under the plan of `at`."""
    return at.plan_hash is not None and effect.key.endswith(_mark(at.plan_hash))


def _mark(plan_hash: str) -> str:
    return f"/{plan_hash[:16]}"


async def _asked(name: str, asking: Awaitable[T]) -> T:
    """What comes of asking the outside; what the machine refuses (a full disk, a port) is its failure too."""
    try:
        return await asking
    except (ConnectionError, TimeoutError) as problem:
        raise Unreachable(f"{name}: {str(problem) or type(problem).__name__}") from problem
    except OSError as problem:
        raise OutsideFailed(f"{name}: {problem}") from problem
