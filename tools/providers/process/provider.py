"""The process provider: releases are folders, instances are supervised processes on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Artifact, Resources
from tools.provider import Checkout, Say
from tools.providers.fleet.fleet import Fleet, OfFleet
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.storage import stored
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.process import usage
from tools.providers.process.crew import ProcessCrew
from tools.providers.process.instances import Copy, Instances
from tools.providers.process.log_file import Line, newest
from tools.providers.process.releases import Releases
from tools.traffic import Traffic

STOP_SECONDS = 10.0  # between SIGTERM and SIGKILL


class ProcessProvider(OfFleet[Copy]):
    """Runs the components of one environment below `environment.root`.

    `secrets` gives the value of a secret by name, `filled` a variable's text with the secrets that it
    refers to in place, `traffic` the router of a component.
    """

    _name = "process"

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

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        with stored(self._layout.root):
            return await self._releases.build(component, version, checkout, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        with stored(self._layout.root):
            return await self._releases.artifact(component, version)

    async def resources(self) -> Resources:
        return await self._with_room(await asyncio.to_thread(usage.resources, self._environment.root))

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        found: list[Line] = []
        for folder in self._instances.folders(component.name, slot):
            found += await asyncio.to_thread(newest, folder, lines)
        found.sort(key=lambda line: line.at)
        return tuple(line.text for line in found[-lines:]) if lines > 0 else ()
