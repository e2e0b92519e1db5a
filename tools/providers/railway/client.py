"""Client: a service of Railway in one environment, and its deployments."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from orchestrate.errors import AnswerLost, ChangedMeanwhile, StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Railway
from tools.providers.railway import answers
from tools.providers.railway.answers import (
    REPLACED,
    UNDER_WAY,
    WELL,
    Deployment,
    DeploymentSaid,
    LogsSaid,
    Service,
    ServiceSaid,
)
from tools.providers.railway.graph import Graph
from tools.systems.shown import Habits, Seen
from tools.systems.web_api import Absent, Json


@dataclass(frozen=True)
class Client:
    """Asks about one component's service."""

    graph: Graph
    component: Component
    habits: Habits

    async def service(self) -> Service:
        """Raises Absent where there is none, or none that we may see, and what WebApi.read raises."""
        said = await self.graph.ask(ServiceSaid, answers.SERVICE, self._what, **self._place)
        return said.service_instance

    async def deployment(self, name: str) -> Deployment:
        said = await self.graph.ask(DeploymentSaid, answers.ONE, f"the deployment {name}", id=name)
        return said.deployment

    async def lines(self, deployment: str, count: int) -> tuple[str, ...]:
        """The newest lines that it wrote; none where it is forgotten."""
        what = f"the log of {deployment}"
        try:
            said = await self.graph.ask(LogsSaid, answers.LOGS, what, id=deployment, limit=count)
        except Absent:
            return ()
        return tuple(one.message for one in said.deployment_logs)[-count:]

    async def source(self, image: str) -> None:
        """Have the service made of the image from its next deployment on, with our health check.

        Raises OutcomeUnknown.
        """
        health = self.component.health
        told: Json = {"source": {"image": image}, "healthcheckPath": health.path}
        told["healthcheckTimeout"] = health.start_seconds

        async def is_so() -> bool:
            now = (await self.service()).source
            return now is not None and now.image == image

        await self._done("serviceInstanceUpdate", answers.UPDATE, is_so, **self._place, input=told)

    async def begin(self) -> str:
        """The deployment that Railway begins now. Raises OutcomeUnknown."""
        before = (await self.service()).newest
        made: list[str] = []

        async def is_there() -> bool:
            newest = (await self.service()).newest
            if newest != before:
                made.append(newest)
            return bool(made)

        found = await self._done("serviceInstanceDeployV2", answers.DEPLOY, is_there, **self._place)
        return made[0] if found is None else str(found)

    async def well(self, name: str) -> None:
        """Return when the deployment is well and has the domain. Raises StartFailed, ChangedMeanwhile."""
        found = await self._shown(name)
        while found.status in UNDER_WAY:
            await asyncio.sleep(self.habits.again)
            found = await self._shown(name)
        if found.status in REPLACED:
            raise ChangedMeanwhile(
                f"Railway gave up {name} ({found.status}): somebody else deployed after it"
            )
        if found.status not in WELL:
            log = "; ".join(await self.lines(name, 5))
            said = f"Railway ended {name} as {found.status}{f': {log}' if log else ''}"
            raise StartFailed(said, cure="see its log at Railway; what ran before still has the domain")

        async def is_live() -> bool:
            live = (await self.service()).live
            return live is not None and live.id == name

        if not await self.habits.within(self.habits.shown, is_live):
            raise ChangedMeanwhile(f"{name} is well, and another deployment has the domain")

    async def _shown(self, name: str) -> Deployment:
        """A deployment that there is, also where what is read does not know of it yet. Raises Absent."""
        until = time.monotonic() + self.habits.shown
        while True:
            try:
                return await self.deployment(name)
            except Absent:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(self.habits.again)

    async def cancel(self, name: str) -> None:
        async def is_over() -> bool:
            return (await self.deployment(name)).status not in UNDER_WAY

        await self._done("deploymentCancel", answers.CANCEL, is_over, id=name)

    async def remove(self, name: str) -> None:
        """End a deployment; nothing answers in its place. Raises StartFailed, OutcomeUnknown."""

        async def is_gone() -> bool:
            return all(one.id != name for one in (await self.service()).active_deployments)

        await self._done("deploymentRemove", answers.REMOVE, is_gone, id=name)
        if not await self.habits.within(self.habits.shown, is_gone):
            raise StartFailed(f"Railway still runs {name} after {self.habits.shown:.0f} s")

    async def _done(self, field: str, question: str, shown: Seen, **variables: object) -> object:
        """Ask for a change once; None where its answer was lost, and the world shows it."""
        try:
            return await self.graph.order(field, question, self._what, **variables)
        except AnswerLost as lost:
            await self.habits.read_back(lost, shown)
            return None

    @property
    def _place(self) -> dict[str, object]:
        own = railway_of(self.component)
        return {"environment": own.environment, "service": own.service}

    @property
    def _what(self) -> str:
        return f"the service {railway_of(self.component).service}"


def railway_of(component: Component) -> Railway:
    """Which service it is; the settings do not take a component without it."""
    assert component.railway is not None
    return component.railway
