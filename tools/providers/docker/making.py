"""Making: a container that was ordered is made and started, by the engine itself."""

from __future__ import annotations

from typing import Protocol

from orchestrate.errors import ImageMissing, NameTaken, PortTaken, StartFailed
from orchestrate.models.environment import Component, Environment
from tools.providers.docker.containers import Order, body_of, docker_of, name_of, place_of
from tools.providers.docker.engine import Engine

PORT_TAKEN = ("port is already allocated", "address already in use")


class Maker(Protocol):
    """Whoever makes containers; they are found, looked at and ended by the engine."""

    async def make(self, order: Order) -> None:
        """Make it and start it; when it cannot be started, nothing of it is left.

        Raises StartFailed, PortTaken, NameTaken, ImageMissing, ProgramMissing.
        """
        ...


class ByEngine:
    """Asks the engine for it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    async def make(self, order: Order) -> None:
        engine = engine_of(order.component)
        key = await self._created(engine, order)
        answer = await engine.ask("POST", f"/containers/{key}/start")
        if answer.is_good:
            return
        await engine.ask("DELETE", f"/containers/{key}", {"force": "true", "v": "true"})
        raise refusal(order, answer.message)

    async def _created(self, engine: Engine, order: Order) -> str:
        name = name_of(order, self._environment.service, self._environment.name)
        body = body_of(order, place_of(self._environment))
        answer = await engine.ask("POST", "/containers/create", {"name": name}, body)
        if answer.status == 409:
            cure = f"see whose it is (docker inspect {name}), then rename or remove it"
            raise NameTaken(f"a container that is not ours is called {name}", cure=cure)
        if answer.status == 404:
            raise ImageMissing(f"{order.image[:19]} is gone: {answer.message}", cure="deploy again")
        if not answer.is_good:
            raise StartFailed(f"{order.id} cannot be made: {answer.message}")
        return answer.text("Id")


def refusal(order: Order, said: str) -> StartFailed | PortTaken:
    """Why a container was not started, by what was said about it."""
    if any(words in said for words in PORT_TAKEN):
        return PortTaken(order.port)
    cure = "see `run` and `user` of the component, and its image"
    return StartFailed(f"{order.id} cannot be started: {said}", cure=cure)


def engine_of(component: Component) -> Engine:
    return Engine(docker_of(component).socket)
