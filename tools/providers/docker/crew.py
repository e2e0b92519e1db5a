"""The crew of containers: who is missing is made, whoever the engine does not keep is made again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from orchestrate.errors import OutsideFailed, PortTaken, StartFailed, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, Start
from orchestrate.models.runtime import Instance
from tools.provider import Say, runs_another
from tools.providers.docker.containers import (
    PART,
    PLACE,
    SLOT,
    Container,
    Order,
    docker_of,
    place_of,
)
from tools.providers.docker.engine import Answer
from tools.providers.docker.images import Image, Versions
from tools.providers.docker.looking import ailment, instance
from tools.providers.docker.making import Maker, engine_of
from tools.providers.docker.outputs import Outputs
from tools.providers.docker.usage import Usage
from tools.providers.fleet.ports import free_port
from tools.providers.fleet.settling import until_well
from tools.providers.fleet.variables import Variables, about

PORTS = 3  # that are tried when another program takes one first


@dataclass(frozen=True)
class Habits:
    """How containers are ended, and where ports come from."""

    stop_seconds: float = 10.0  # between SIGTERM and SIGKILL
    ports: Callable[[], int] = free_port


class DockerCrew:
    """Makes and removes the containers of one environment's components."""

    def __init__(
        self,
        environment: Environment,
        images: Versions,
        maker: Maker,
        variables: Variables,
        outputs: Outputs,
        habits: Habits,
    ) -> None:
        self._environment, self._place = environment, place_of(environment)
        self._images, self._maker, self._habits = images, maker, habits
        self._variables, self._outputs = variables, outputs
        self._usage = Usage()

    async def members(self, component: Component, slot: str | None = None) -> list[Container]:
        """As the engine tells it: whoever made, started or removed one meanwhile."""
        engine = engine_of(component)
        labels = [f"{PLACE}={self._place}", f"{PART}={component.name}"]
        labels += [f"{SLOT}={slot}"] if slot else []
        query = {"all": "true", "filters": json.dumps({"label": labels})}
        listed = _good(await engine.ask("GET", "/containers/json", query), "list the containers")
        keys = [str(one["Id"]) for one in listed.listed()]
        answers = await asyncio.gather(*(engine.ask("GET", f"/containers/{key}/json") for key in keys))
        found = [Container.model_validate(one.facts()) for one in answers if one.status == 200]
        return sorted(found, key=lambda one: (one.slot, one.number))

    async def require(self, component: Component, slot: str, version: Version) -> None:
        """Raises UnknownVersion, ImageMissing, StartFailed."""
        if await self._images.image(component, version) is None:
            raise UnknownVersion(version.name)
        others = [one for one in await self.members(component, slot) if one.tree != version.tree]
        if any(one.is_kept for one in others):
            raise runs_another(slot, version)
        await self.stop(others)

    async def complete(
        self, component: Component, move: Start | Scale, started: list[Container], say: Say
    ) -> None:
        """Raises StartFailed, PortTaken, NameTaken, ImageMissing, UnknownVersion."""
        image = await self._images.image(component, move.version)
        if image is None:
            raise UnknownVersion(move.version.name)
        here = {one.number: one for one in await self.members(component, move.slot)}
        crashes = {one.id: one.restarts for one in here.values()}
        for number in range(1, move.instances + 1):
            found = here.get(number)
            if found is not None and found.is_kept:
                continue
            if found is not None:
                await self.stop([found])
            crashes.pop(f"{move.slot}-{number}", None)
            started.append(await self._made(component, move, number, image, say))

        async def look() -> Sequence[Instance]:
            members = (await self.members(component, move.slot))[: move.instances]
            return await self.look(component, members)

        async def end(id: str) -> tuple[str, ...]:
            members = [one for one in await self.members(component, move.slot) if one.id == id]
            return await self._outputs.newest(engine_of(component), members, 20)

        await until_well(component, move.instances, crashes, look, end)

    async def stop(self, members: Sequence[Container]) -> None:
        """What they wrote is kept before they are gone. Raises OutsideFailed."""
        results = await asyncio.gather(*(self._end(one) for one in members), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def clear(self, component: Component, slot: str | None = None) -> bool:
        members = await self.members(component, slot)
        await self.stop(members)
        return bool(members)

    async def look(
        self, component: Component, members: Sequence[Container], *, is_measured: bool = False
    ) -> list[Instance]:
        whys = await asyncio.gather(*(ailment(component, one) for one in members))
        if not is_measured:
            return [instance(component, one, why) for one, why in zip(members, whys, strict=True)]
        taken = await asyncio.gather(*(self._usage.of(engine_of(component), one) for one in members))
        self._usage.forget_but(component.name, (one.key for one in members))
        return [
            instance(component, one, why).model_copy(update={"cpu": cpu, "memory": memory})
            for one, why, (cpu, memory) in zip(members, whys, taken, strict=True)
        ]

    async def are_idle(self, members: Sequence[Container]) -> bool:
        ports = {one.port for one in members}
        return not await asyncio.to_thread(_is_talked_to, ports)

    async def _made(
        self, component: Component, move: Start | Scale, number: int, image: Image, say: Say
    ) -> Container:
        """A container that was made and started. Raises StartFailed, PortTaken, NameTaken, ImageMissing."""
        id = f"{move.slot}-{number}"
        await self._outputs.forget(component, id)
        for attempt in range(PORTS):
            port = self._habits.ports() if component.port else 0
            where = f" on {port}" if port else ""
            say(f"{component.name}: start {id} of {image.digest[:19]}{where}")
            try:
                await self._maker.make(self._order(component, move, number, image, port))
            except PortTaken:
                if attempt == PORTS - 1:
                    raise
                continue
            break
        found = [one for one in await self.members(component, move.slot) if one.number == number]
        if not found:
            raise StartFailed(f"{id} is gone", cure="somebody removed it meanwhile: find out who")
        return found[0]

    def _order(
        self, component: Component, move: Start | Scale, number: int, image: Image, port: int
    ) -> Order:
        inner = docker_of(component).port
        around = {
            **self._variables.plain(),
            **self._variables.secret(),
            **{"PORT": str(inner), "SLOT": move.slot, "INSTANCE": f"{move.slot}-{number}"},
            **about(move.version),
        }
        return Order(component, move.slot, number, move.version, image.id, port, around)

    async def _end(self, one: Container) -> None:
        """Gently, then by force; one that is gone already is as good."""
        component = self._environment.component(one.label(PART))
        engine, path = engine_of(component), f"/containers/{one.key}"
        seconds = self._habits.stop_seconds
        stopped = await engine.ask("POST", f"{path}/stop", {"t": f"{seconds:.0f}"}, seconds=seconds + 30)
        if stopped.status == 404:
            return
        await self._outputs.keep(engine, component, one)
        removed = await engine.ask("DELETE", path, {"force": "true", "v": "true"})
        if removed.status not in (204, 404, 409):  # 409: somebody else is removing it
            raise OutsideFailed(f"{one.id} does not end: {removed.message}")


def _good(answer: Answer, what: str) -> Answer:
    if not answer.is_good:
        raise OutsideFailed(f"the Docker engine did not {what}: {answer.message}")
    return answer


def _is_talked_to(ports: set[int]) -> bool:
    """Whether this machine has a connection open to one of the ports (also when it does not say)."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return True
    return any(
        one.status == psutil.CONN_ESTABLISHED and one.raddr and one.raddr.port in ports for one in connections
    )
