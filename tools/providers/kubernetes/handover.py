"""Handover: a component whose pods, steps and traffic are those of a Rollout or a Canary of somebody else.

Nothing of it is changed but the image; how far it is, and what goes wrong, its owner says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrate.errors import ChangedMeanwhile, EffectRefused, OrchestrateError, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start
from orchestrate.models.runtime import Running
from tools.provider import Say, require_well, runs_another, shares
from tools.providers.cloud import Cloud
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.kubernetes.argo import ByRollout
from tools.providers.kubernetes.flagger import ByCanary
from tools.providers.kubernetes.kubectl import Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of
from tools.providers.kubernetes.pods import Pod, pods_of
from tools.providers.kubernetes.remains import kept, newest
from tools.providers.kubernetes.steered import Owner, State, Steered
from tools.providers.kubernetes.told import Belief, running_of
from tools.providers.pushed_images import Images

ONE = "its owner shares the traffic, by its own steps"
TRIES = 5


@dataclass(frozen=True)
class Patience:
    """Seconds between two looks, for an owner to begin, and to get back to what it had."""

    again: float = 2.0
    begin: float = 300.0
    back: float = 60.0


class Handover(Cloud):
    """One component, by the object to which it is handed over; what was asked of it is kept in its slots."""

    def __init__(
        self,
        component: Component,
        kubectl: Kubectl,
        slots: Slots,
        images: Images,
        patience: Patience | None = None,
    ) -> None:
        self._component, self._kubectl = component, kubectl
        self._slots, self._images = slots, images
        self._patience = patience or Patience()
        self._owner = owner_of(component, kubectl)

    async def seen(self) -> Running:
        """What its owner tells. Raises OutsideFailed where the object is not there."""
        seen = await self._owner.look()
        new, old = await self._pods(seen.new), await self._pods(seen.old)
        return running_of(self._component, seen, self._beliefs(), new, old)

    async def lacks(self) -> tuple[str, ...]:
        """Why nothing can be handed over now. Raises AccessDenied where we may not set its image."""
        seen = await self._owner.look()
        await self._kubectl.set_image(seen.target, seen.image, is_rehearsal=True)
        said = self._problem(seen)
        return (said,) if said else ()

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Give the object the version's image, and wait until its owner is done; else what was before."""
        image = self._image(move.version)
        seen, mine = await self._owner.look(), self._beliefs().get(move.slot)
        is_there = mine is not None and mine.is_wanted and mine.image in (seen.image, seen.stable)
        if is_there and mine and mine.version.tree != move.version.tree:
            raise runs_another(move.slot, move.version)
        if seen.image != image:
            await self._give(seen, move.slot, move.version, image)
        elif mine is None:
            self._write(move.slot, move.version)
        try:
            await self._until_done(image, self._mark(move.slot), say)
        except BaseException:
            await asyncio.shield(self._restore(move.slot, image, say))
            raise
        self._settle(move.slot)

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        """Have the slot's version in force: one that is not any more gets there by its owner's way."""
        wanted, beliefs = shares(move.weights), self._beliefs()
        require_well(component, wanted, beliefs)
        if not wanted:
            for name in shares(move.was):
                await self._stop(component, name)
            return
        if len(wanted) != 1:
            raise EffectRefused(f"{component.name}: traffic {wanted}", ONE)
        (name,) = wanted
        seen, image = await self._owner.look(), beliefs[name].image
        if seen.image != image:
            if not self._slots.may_be_unknown(component.name, move.was):
                self._require_ours(seen)
            self._write(name, beliefs[name].version, seen.mark, beliefs[name].before)
            await self._set(seen, image)
        await self._until_done(image, self._mark(name), say)
        self._settle(name)

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget the slot; where its version is in force, have what was there before it."""
        mine, seen = self._beliefs().get(slot), await self._owner.look()
        if mine is not None and mine.is_wanted and mine.image == seen.image:
            if not mine.before:
                raise EffectRefused(f"{component.name}: stop {slot}", "nothing was there before it")
            await self._set(seen, mine.before)
            await self._until_done(mine.before, seen.mark, _unsaid)
            self._settle(
                next((name for name, one in self._beliefs().items() if one.image == mine.before), "")
            )
        self._slots.write(component.name, slot, None)

    def forget(self) -> None:
        """Remember no slot; the object stays as it is."""
        self._slots.forget(self._component.name)

    async def logs(self, slot: str, lines: int) -> tuple[str, ...]:
        """What the pods of a slot's version wrote last."""
        seen, mine = await self._owner.look(), self._beliefs().get(slot)
        if mine is None or lines <= 0 or mine.image not in (seen.image, seen.stable):
            return ()
        pods = await self._pods(seen.new if mine.image == seen.image else seen.old)
        return await newest(self._kubectl, pods, lines)

    async def _give(self, seen: Steered, slot: str, version: Version, image: str) -> None:
        """Write down what is asked, then ask it: whoever comes after a crash knows of both."""
        if problem := self._problem(seen, slot):
            raise StartFailed(problem, cure="docs/providers/kubernetes.md")
        self._write(slot, version, seen.mark, seen.image)
        try:
            await self._set(seen, image)
        except ChangedMeanwhile:
            self._slots.write(self._component.name, slot, None)
            raise

    async def _set(self, seen: Steered, image: str) -> None:
        """What changes beside the image, such as its status, is no reason not to. Raises ChangedMeanwhile.

        A patch of a worker that was killed may get there first: it sets what this one sets.
        """
        for left in reversed(range(TRIES)):
            try:
                await self._kubectl.set_image(seen.target, image)
                return
            except ChangedMeanwhile:
                now = await self._owner.look()
                if now.image == image:
                    return
                if not left or now.image != seen.image:
                    raise
                seen = now

    async def _until_done(self, image: str, mark: str, say: Say) -> None:
        """Return when the owner says so. Raises StartFailed with its words, ChangedMeanwhile."""
        began, told = time.monotonic(), ""
        while True:
            seen = await self._owner.look()
            if seen.image != image:
                raise ChangedMeanwhile(f"{seen.title} has the image {seen.image}: somebody else set it")
            is_of_before = seen.state is State.FAILED and seen.mark != "" and seen.mark == mark
            if seen.state is State.DONE:
                return
            if seen.state is State.FAILED and not is_of_before:
                raise StartFailed(
                    f"{seen.title}: {seen.words}", cure="read what its pods wrote, and its events"
                )
            if is_of_before and time.monotonic() - began > self._patience.begin:
                raise StartFailed(
                    f"{seen.title} has not taken {image} up: {seen.words}",
                    cure="Flagger may not try again what failed before: deploy another version",
                )
            words = f"{seen.title}: {seen.halted or seen.words}"
            if words != told:
                say(words)
            told = words
            await asyncio.sleep(self._patience.again)

    async def _restore(self, slot: str, image: str, say: Say) -> None:
        """Keep what the new pods wrote, and have the image that was there before."""
        before = self._before(slot)
        try:
            seen = await self._owner.look()
            await kept(self._kubectl, seen.workload, await self._pods(seen.new), say)
            if seen.image == before:
                self._slots.write(self._component.name, slot, None)
            elif seen.image == image and before:
                await self._set(seen, before)
                self._slots.write(self._component.name, slot, None)
                async with asyncio.timeout(self._patience.back):
                    await self._until_done(before, seen.mark, say)
        except (OrchestrateError, TimeoutError) as stuck:
            say(f"{self._component.name}: it is not back at {before or 'what was before'}: {stuck}")

    def _problem(self, seen: Steered, slot: str = "") -> str:
        """Why its image is not changed now; '' when it can be.

        What was there before `slot` was asked for is known: whoever asked may have been killed before that.
        """
        beliefs = self._beliefs()
        known = {one.image for one in beliefs.values()} | {one.before for one in [beliefs.get(slot)] if one}
        if beliefs and seen.image not in known:
            return _drift(seen, beliefs)
        if seen.halted:
            return f"{seen.title} does nothing: {seen.halted}"
        if not seen.is_promoted and seen.image not in known:
            return f"{seen.title} brings in {seen.image}, which is not ours: {seen.words}"
        return ""

    def _require_ours(self, seen: Steered) -> None:
        beliefs = self._beliefs()
        if seen.image not in {one.image for one in beliefs.values()}:
            raise ChangedMeanwhile(_drift(seen, beliefs))

    def _settle(self, slot: str) -> None:
        """From now on this slot is what runs; the others are kept for the way back."""
        for name, one in self._slots.kept(self._component.name).items():
            self._slots.write(
                self._component.name, name, one.model_copy(update={"wanted": int(name == slot)})
            )

    def _write(self, slot: str, version: Version, mark: str = "", before: str = "") -> None:
        wanted = Wanted(version=version, wanted=1, build=mark, before=before)
        self._slots.write(self._component.name, slot, wanted)

    def _mark(self, slot: str) -> str:
        found = self._slots.read(self._component.name, slot)
        return found.build if found else ""

    def _before(self, slot: str) -> str:
        found = self._slots.read(self._component.name, slot)
        return found.before if found else ""

    def _beliefs(self) -> Mapping[str, Belief]:
        return {
            name: Belief(one.version, self._image(one.version), bool(one.wanted), one.before)
            for name, one in self._slots.kept(self._component.name).items()
        }

    def _image(self, version: Version) -> str:
        return self._images.require(self._component, version).location

    async def _pods(self, selector: str) -> list[Pod]:
        return pods_of(await self._kubectl.list(Kind.POD, selector)) if selector else []


def owner_of(component: Component, kubectl: Kubectl) -> Owner:
    """What the settings of the component name."""
    is_argo = kubernetes_of(component).rollout
    return ByRollout(component, kubectl) if is_argo else ByCanary(component, kubectl)


def _unsaid(_: str) -> None:
    """Nobody listens: the move of a stop has no log."""


def _drift(seen: Steered, beliefs: Mapping[str, Belief]) -> str:
    ours = ", ".join(f"{one.version.name} in {name}" for name, one in beliefs.items() if one.is_wanted)
    return (
        f"{seen.title} runs another version than we gave it: {seen.image} instead of {ours or 'ours'}; "
        "set that back, or the image that is to be deployed"
    )
