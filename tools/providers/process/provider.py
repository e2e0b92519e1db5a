"""The process provider: releases are folders, instances are supervised processes on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from orchestrate.errors import EffectRefused, OutsideFailed, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, words
from orchestrate.models.runtime import Artifact, Instance, Resources, Running, Slot
from tools.provider import Checkout, Say, shares, without
from tools.providers.process import health, usage
from tools.providers.process.crew import Crew, let_finish
from tools.providers.process.instances import Copy, Instances, slot_of
from tools.providers.process.layout import Layout
from tools.providers.process.lock import held, held_if_free
from tools.providers.process.log_file import Line, newest
from tools.providers.process.releases import Releases
from tools.providers.process.routing import Routing, Servers
from tools.providers.process.slots import Slots, Wanted
from tools.providers.process.starting import ailment
from tools.providers.process.storage import stored
from tools.providers.process.variables import Variables, unchanged
from tools.traffic import Traffic

STOP_SECONDS = 10.0  # between SIGTERM and SIGKILL


class ProcessProvider:
    """Runs the components of one environment below `environment.root`.

    `secrets` gives the value of a secret by name, `filled` a variable's text with the secrets that it
    refers to in place, `traffic` the router of a component.
    """

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str] | None,
        traffic: Callable[[Component], Traffic],
        *,
        filled: Callable[[str], str] = unchanged,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._environment = environment
        self._traffic = traffic
        self._layout = Layout(environment.root)
        variables = Variables(environment, secrets, filled)
        self._releases = Releases(self._layout, environment, variables)
        self._slots = Slots(self._layout)
        self._instances = Instances(self._layout)
        self._crew = Crew(self._releases, self._instances, variables, stop_seconds)
        self._usage = usage.Usage()

    async def running(self, component: Component) -> Running:
        with stored(self._layout.root):
            self._layout.check()
            return await self._running(component)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        with stored(self._layout.root):
            return await self._releases.build(component, version, checkout, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        with stored(self._layout.root):
            return await self._releases.artifact(component, version)

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        with stored(self._layout.root):
            await self._apply(component, move, say)

    async def stop_all(self, component: Component) -> None:
        """End the router and every instance of the component; releases and logs stay."""
        with stored(self._layout.root):
            await self._stop_all(component)

    async def tend(self, component: Component) -> tuple[str, ...]:
        """Bring back what should run and does not, as after a restart of the machine; what that was.

        A move that is under way is left alone.
        Raises StartFailed, PortTaken, ProgramMissing, UnknownVersion.
        """
        with stored(self._layout.root):
            async with held_if_free(self._layout.lock(component.name)) as mine:
                return await self._tend(component) if mine else ()

    async def resources(self) -> Resources:
        return await asyncio.to_thread(usage.resources, self._environment.root)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        found: list[Line] = []
        for folder in self._instances.folders(component.name, slot):
            found += await asyncio.to_thread(newest, folder, lines)
        found.sort(key=lambda line: line.at)
        return tuple(line.text for line in found[-lines:]) if lines > 0 else ()

    async def public(self, component: Component) -> str:
        return f"http://{health.HOST}:{component.port}" if component.port else self._environment.url

    async def _running(self, component: Component) -> Running:
        copies = self._instances.of(component.name)
        seen = await asyncio.gather(*(self._seen(component, copy) for copy in copies))
        names = {*self._slots.names(component.name), *(copy.slot for copy in copies)}
        slots = tuple(self._slot(component, name, seen) for name in sorted(names))
        self._usage.forget_the_dead()
        return Running(
            component=component.name, slots=slots, weights=await self._routing(component).weights()
        )

    async def _apply(self, component: Component, move: Move, say: Say) -> None:
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

    async def _stop_all(self, component: Component) -> None:
        async with held(self._layout.lock(component.name)):
            try:
                await self._routing(component).stop()
            finally:
                await self._crew.stop(self._instances.folders(component.name))
            for name in self._slots.names(component.name):
                self._slots.write(component.name, name, None)

    async def _tend(self, component: Component) -> tuple[str, ...]:
        started: list[Copy] = []
        for name in self._slots.names(component.name):
            wanted = self._slots.read(component.name, name)
            running = [one for one in self._instances.of(component.name, name) if one.is_supervised]
            if wanted is not None and len(running) < wanted.wanted:
                whole = Start(
                    component=component.name, slot=name, version=wanted.version, instances=wanted.wanted
                )
                await self._crew.require(component, name, wanted.version)
                await self._crew.complete(component, whole, started, _silent)
        routing = self._routing(component)
        is_down = bool(await routing.intended()) and not await routing.weights()
        if started or is_down:
            await self._refresh(component)
        return (*(f"{copy.id} started" for copy in started), *(("its router started",) if is_down else ()))

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:
        """Have exactly the wanted instances of the version, all well; on failure, what was before."""
        before = self._slots.read(component.name, move.slot)
        await self._crew.require(component, move.slot, move.version)
        self._slots.write(component.name, move.slot, Wanted(version=move.version, wanted=move.instances))
        started: list[Copy] = []
        try:
            await self._crew.complete(component, move, started, say)
            await self._take_down(component, move.slot, move.instances, say)
            await self._refresh(component)
        except BaseException:
            self._slots.write(component.name, move.slot, before)
            await self._crew.stop([copy.folder for copy in started])
            with suppress(OutsideFailed):
                await self._refresh(component)
            raise

    async def _take_down(self, component: Component, slot: str, wanted: int, say: Say) -> None:
        """Stop the surplus: out of the table first, then its requests may end."""
        surplus = self._instances.of(component.name, slot)[wanted:]
        if not surplus:
            return
        routing = self._routing(component)
        if weights := await routing.intended():
            leaving = {copy.folder for copy in surplus}
            left = [one for one in self._instances.of(component.name) if one.folder not in leaving]
            await routing.share(await self._servers(component, left), weights)
            await let_finish(surplus, routing, component.drain_seconds)
        for copy in surplus:
            say(f"{component.name}: stop {copy.id}")
        await self._crew.stop([copy.folder for copy in surplus])

    async def _share(self, component: Component, move: SetTraffic) -> None:
        servers = await self._servers(component, self._instances.of(component.name), only_well=True)
        for name in shares(move.weights):
            if not servers.get(name):
                raise StartFailed(f"{component.name}: {name} has no healthy instance to give traffic to")
        await self._routing(component).share(servers, move.weights)

    async def _drain(self, component: Component, slot: str, seconds: float, say: Say) -> None:
        routing = self._routing(component)
        left = await routing.idle(slot, seconds)
        if left:
            say(f"{component.name}: {left} requests of {slot} still open after {seconds} s")

    async def _stop(self, component: Component, slot: str, say: Say) -> None:
        """Out of the table first, and no open request is cut; a router that is down is no obstacle."""
        routing, folders = self._routing(component), self._instances.folders(component.name, slot)
        weights = await routing.weights()
        routing.forget(slot)
        if weights and (folders or slot in weights):
            others = [copy for copy in self._instances.of(component.name) if copy.slot != slot]
            await routing.share(await self._servers(component, others), without(weights, slot))
        if folders:
            await self._drain(component, slot, component.drain_seconds, say)
        await self._crew.stop(folders)
        self._slots.write(component.name, slot, None)

    async def _refresh(self, component: Component) -> None:
        """Tell the router the addresses as they are now; one that never ran is not started."""
        routing = self._routing(component)
        if weights := await routing.intended():
            await routing.share(await self._servers(component, self._instances.of(component.name)), weights)

    async def _servers(self, component: Component, copies: list[Copy], *, only_well: bool = False) -> Servers:
        """Slot → addresses of its healthy instances; of all of them where none is healthy."""
        ailments = await asyncio.gather(*(ailment(component, copy, health.trouble) for copy in copies))
        servers: dict[str, tuple[str, ...]] = {}
        for slot in {copy.slot for copy in copies}:
            mine = [
                (copy.address, why) for copy, why in zip(copies, ailments, strict=True) if copy.slot == slot
            ]
            well = tuple(address for address, why in mine if not why)
            servers[slot] = well if well or only_well else tuple(address for address, _ in mine)
        return servers

    async def _seen(self, component: Component, copy: Copy) -> Instance:
        why = await ailment(component, copy, health.trouble)
        state, child = copy.state, copy.child if copy.is_running else None
        cpu, memory = await asyncio.to_thread(self._usage.of, child) if child else (None, None)
        return Instance(
            id=copy.id,
            slot=copy.slot,
            address=copy.address if component.port else "",
            healthy=not why,
            restarts=state.restarts if state else 0,
            started_at=datetime.fromtimestamp(state.started_at if state else 0, UTC),
            pid=child.pid if child else None,
            last_exit=state.last_exit if state else None,
            detail=why,
            cpu=cpu,
            memory=memory,
        )

    def _slot(self, component: Component, name: str, seen: list[Instance]) -> Slot:
        mine = tuple(one for one in seen if slot_of(one.id) == name)
        wanted = self._slots.read(component.name, name)
        return Slot(
            name=name,
            version=wanted.version if wanted else None,
            wanted=wanted.wanted if wanted else 0,
            instances=mine,
        )

    def _routing(self, component: Component) -> Routing:
        return Routing(self._layout, component, self._traffic(component) if component.port else None)


def _silent(line: str) -> None:
    """Nobody waits for what is brought back."""
