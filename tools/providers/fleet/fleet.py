"""Fleet: components as slots of instances behind a router, whatever the instances are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic

from orchestrate.errors import EffectRefused, OutsideFailed
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import ProviderName
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, words
from orchestrate.models.runtime import Resources, Running
from tools.provider import Say, require_well, without
from tools.providers.fleet import health
from tools.providers.fleet.crew import Crew, M
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.lock import held, held_if_free
from tools.providers.fleet.room import free, need, with_room
from tools.providers.fleet.routing import Routing, Servers
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.fleet.storage import stored
from tools.traffic import Traffic

AGAIN = 0.1  # seconds


class Fleet(Generic[M]):
    """Does the moves of a provider: which slot should run what is on disk, who runs it is the crew.

    A move may be done twice, or be left half done by a worker that died: done again, it ends as once.
    """

    def __init__(self, layout: Layout, traffic: Callable[[Component], Traffic], crew: Crew[M]) -> None:
        self._layout, self._traffic, self._crew = layout, traffic, crew
        self._slots = Slots(layout)

    async def running(self, component: Component, *, is_measured: bool = False) -> Running:
        members = await self._crew.members(component)
        seen = await self._crew.look(component, members, is_measured=is_measured)
        names = {*self._slots.names(component.name), *(one.slot for one in members)}
        slots = tuple(
            self._slots.slot(component.name, name, (one for one in seen if one.slot == name))
            for name in sorted(names)
        )
        return Running(
            component=component.name, slots=slots, weights=await self._routing(component).weights()
        )

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        """Do a move. Raises what the crew and the router raise, and EffectRefused for what is no move."""
        match move:
            case Drain(slot=name, seconds=seconds):
                await self._drain(component, name, seconds, say)
            case Start() | Scale():
                async with held(self._layout.lock(component.name)):
                    await self._bring_to(component, move, say)
            case SetTraffic():
                async with held(self._layout.lock(component.name)):
                    await self._share(component, move)
            case Stop(slot=name):
                async with held(self._layout.lock(component.name)):
                    await self._stop(component, name, say)
            case _:
                raise EffectRefused(words(move), "it is no move of a provider")

    async def stop_all(self, component: Component) -> None:
        """End the router and every instance of the component."""
        async with held(self._layout.lock(component.name)):
            try:
                await self._routing(component).stop()
            finally:
                await self._crew.clear(component)
            self._slots.forget(component.name)

    async def tend(self, component: Component) -> tuple[str, ...]:
        """Bring back what should run and does not; what that was. A move under way is left alone.

        Raises OutsideFailed where a record cannot be read, once there is nothing else to tell.
        """
        async with held_if_free(self._layout.lock(component.name)) as mine:
            return await self._tend(component) if mine else ()

    async def _tend(self, component: Component) -> tuple[str, ...]:
        started: list[M] = []
        for name, wanted in self._slots.kept(component.name).items():
            kept = [one for one in await self._crew.members(component, name) if one.is_kept]
            if len(kept) < wanted.wanted:
                whole = Start(
                    component=component.name, slot=name, version=wanted.version, instances=wanted.wanted
                )
                await self._crew.require(component, name, wanted.version)
                await self._crew.complete(component, whole, started, _silent)
        routing = self._routing(component)
        is_down = bool(await routing.intended()) and not await routing.weights()
        if started or is_down:
            await self._refresh(component)
        told = (*(f"{one.id} started" for one in started), *(("its router started",) if is_down else ()))
        if not told:
            self._slots.require_known(component.name)
        return told

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:
        """Have exactly the wanted instances of the version, all well; on failure, what was before."""
        before = self._slots.read(component.name, move.slot)
        await self._crew.require(component, move.slot, move.version)
        self._slots.write(component.name, move.slot, Wanted(version=move.version, wanted=move.instances))
        started: list[M] = []
        try:
            await self._crew.complete(component, move, started, say)
            await self._take_down(component, move.slot, move.instances, say)
            await self._refresh(component)
        except BaseException:
            self._slots.write(component.name, move.slot, before)
            await self._crew.stop(started)
            with suppress(OutsideFailed):
                await self._refresh(component)
            raise

    async def _take_down(self, component: Component, slot: str, wanted: int, say: Say) -> None:
        """Stop the surplus: out of the table first, then its requests may end."""
        surplus = (await self._crew.members(component, slot))[wanted:]
        if not surplus:
            return
        routing = self._routing(component)
        if weights := await routing.intended():
            leaving = {one.id for one in surplus}
            left = [one for one in await self._crew.members(component) if one.id not in leaving]
            await routing.share(await self._servers(component, left), weights)
            await self._let_finish(surplus, routing, component.drain_seconds)
        for one in surplus:
            say(f"{component.name}: stop {one.id}")
        await self._crew.stop(surplus)

    async def _let_finish(self, leaving: Sequence[M], routing: Routing, seconds: float) -> bool:
        """Whether the requests of the leaving instances ended within `seconds`.

        The router counts per slot, so that the connections of the instances themselves are looked at too.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await routing.open_requests(leaving[0].slot) == 0 or await self._crew.are_idle(leaving):
                return True
            await asyncio.sleep(AGAIN)
        return False

    async def _share(self, component: Component, move: SetTraffic) -> None:
        servers = await self._servers(component, await self._crew.members(component), only_well=True)
        require_well(component, move.weights, {name for name, some in servers.items() if some})
        await self._routing(component).share(servers, move.weights)

    async def _drain(self, component: Component, slot: str, seconds: float, say: Say) -> None:
        routing = self._routing(component)
        left = await routing.idle(slot, seconds)
        if left:
            say(f"{component.name}: {left} requests of {slot} still open after {seconds} s")

    async def _stop(self, component: Component, slot: str, say: Say) -> None:
        """Out of the table first, and no open request is cut; a router that is down is no obstacle."""
        routing, here = self._routing(component), await self._crew.members(component, slot)
        weights = await routing.weights()
        routing.forget(slot)
        if weights and (here or slot in weights):
            others = [one for one in await self._crew.members(component) if one.slot != slot]
            await routing.share(await self._servers(component, others), without(weights, slot))
        if here:
            await self._drain(component, slot, component.drain_seconds, say)
        await self._crew.clear(component, slot)
        self._slots.write(component.name, slot, None)

    async def _refresh(self, component: Component) -> None:
        """Tell the router the addresses as they are now; one that never ran is not started."""
        routing = self._routing(component)
        if weights := await routing.intended():
            members = await self._crew.members(component)
            await routing.share(await self._servers(component, members), weights)

    async def _servers(
        self, component: Component, members: Sequence[M], *, only_well: bool = False
    ) -> Servers:
        """Slot → addresses of its healthy instances; of all of them where none is healthy."""
        seen = await self._crew.look(component, members)
        servers: dict[str, tuple[str, ...]] = {}
        for slot in {one.slot for one in members}:
            mine = [
                (one.address, look.healthy)
                for one, look in zip(members, seen, strict=True)
                if one.slot == slot
            ]
            well = tuple(address for address, is_well in mine if is_well)
            servers[slot] = well if well or only_well else tuple(address for address, _ in mine)
        return servers

    def _routing(self, component: Component) -> Routing:
        return Routing(self._layout, component, self._traffic(component) if component.port else None)


class OfFleet(Generic[M]):
    """What a provider says whose instances run on this machine, as a fleet."""

    _environment: Environment
    _layout: Layout
    _fleet: Fleet[M]
    _name: ProviderName

    async def running(self, component: Component) -> Running:
        with stored(self._layout.root):
            self._layout.check()
            return await self._fleet.running(component)

    async def measured(self, component: Component) -> Running:
        with stored(self._layout.root):
            self._layout.check()
            return await self._fleet.running(component, is_measured=True)

    async def _with_room(self, full: Resources) -> Resources:
        """How full the place is, and whether it has room for what our components start."""
        strategy_of = self._environment.strategy_of
        wanted = [need(one, strategy_of(one), await self.measured(one)) for one in self._parts()]
        return with_room(full, wanted, free())

    def _parts(self) -> list[Component]:
        return [one for one in self._environment.components if one.provider == self._name]

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        with stored(self._layout.root):
            await self._fleet.apply(component, move, say)

    async def stop_all(self, component: Component) -> None:
        """End the router and every instance of the component; artifacts and logs stay."""
        with stored(self._layout.root):
            await self._fleet.stop_all(component)

    async def tend(self, component: Component) -> tuple[str, ...]:
        """Bring back what should run and does not, as after a restart of the machine; what that was.

        A move that is under way is left alone.
        Raises StartFailed, PortTaken, ProgramMissing, ImageMissing, UnknownVersion.
        """
        with stored(self._layout.root):
            return await self._fleet.tend(component)

    async def public(self, component: Component) -> str:
        return f"http://{health.HOST}:{component.port}" if component.port else self._environment.url


def _silent(line: str) -> None:
    """Nobody waits for what is brought back."""
