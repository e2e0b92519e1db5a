"""The process provider: releases are folders, instances are supervised processes on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Move, words
from orchestrate.models.runtime import Artifact, Resources, Running
from tools.provider import Checkout, Say
from tools.providers.fleet import health
from tools.providers.fleet.fleet import Fleet
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.storage import stored
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.process import usage
from tools.providers.process.crew import ProcessCrew
from tools.providers.process.instances import Instances
from tools.providers.process.log_file import Line, newest
from tools.providers.process.releases import Releases
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
        self._layout = Layout(environment.root)
        variables = Variables(environment, secrets, filled)
        self._releases = Releases(self._layout, environment, variables)
        self._instances = Instances(self._layout)
        crew = ProcessCrew(self._releases, self._instances, variables, stop_seconds)
        self._fleet = Fleet(self._layout, traffic, crew)

    async def running(self, component: Component) -> Running:
        with stored(self._layout.root):
            self._layout.check()
            return await self._fleet.running(component)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        with stored(self._layout.root):
            return await self._releases.build(component, version, checkout, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        with stored(self._layout.root):
            return await self._releases.artifact(component, version)

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        with stored(self._layout.root):
            await self._fleet.apply(component, move, say)

    async def stop_all(self, component: Component) -> None:
        """End the router and every instance of the component; releases and logs stay."""
        with stored(self._layout.root):
            await self._fleet.stop_all(component)

    async def tend(self, component: Component) -> tuple[str, ...]:
        """Bring back what should run and does not, as after a restart of the machine; what that was.

        A move that is under way is left alone.
        Raises StartFailed, PortTaken, ProgramMissing, UnknownVersion.
        """
        with stored(self._layout.root):
            return await self._fleet.tend(component)

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
