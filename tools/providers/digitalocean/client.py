"""Client: one app of App Platform, its deployments, and the way back to one of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from orchestrate.errors import AnswerLost
from tools.providers.digitalocean.answers import (
    App,
    AppAnswer,
    Deployment,
    DeploymentAnswer,
    Deployments,
    HealthAnswer,
    Logs,
    Validated,
)
from tools.providers.digitalocean.spec import is_same
from tools.systems.shown import Habits
from tools.systems.web_api import Json, WebApi

ARCHIVES = 5  # of a log that was put away, the newest, that are read
SOME = 50
"""How many of the newest deployments are looked through for one to go back to."""


@dataclass(frozen=True)
class Client:
    """Asks about one app."""

    api: WebApi
    id: str
    service: str
    habits: Habits

    async def app(self) -> App:
        return (await self.api.read(AppAnswer, self._at(), f"the app {self.id}")).app

    async def deployment(self, name: str) -> Deployment:
        where = self._at("deployments", name)
        return (await self.api.read(DeploymentAnswer, where, f"the deployment {name}")).deployment

    async def ready(self) -> int:
        """How many instances of the service are well; 0 where nobody says."""
        found = await self.api.read(HealthAnswer, self._at("health"), f"the health of {self.id}")
        return sum(one.replicas_ready for one in found.app_health.components if one.name == self.service)

    async def lines(self, deployment: str, count: int) -> tuple[str, ...]:
        """The newest lines that the service's instances wrote. Raises as WebApi.elsewhere."""
        where = self._at("deployments", deployment, "components", self.service, "logs")
        what = f"the log of {deployment}"
        query = (("type", "RUN"), ("follow", "false"), ("tail_lines", count))
        told = await self.api.read(Logs, where, what, query)
        texts = [await self.api.elsewhere(url, what) for url in told.urls[-ARCHIVES:]]
        return tuple(line for text in texts for line in text.splitlines())[-count:]

    async def former(self, spec: Json) -> Deployment | None:
        """The newest deployment by exactly this spec to which the app can go back, just as it was."""
        query = (("page", 1), ("per_page", SOME))
        what = f"the deployments of {self.id}"
        found = await self.api.read(Deployments, self._at("deployments"), what, query)
        for one in found.deployments:
            if one.spec == spec and one.phase in ("SUPERSEDED", "ACTIVE"):
                said = await self.api.read(
                    Validated,
                    self._at("rollback", "validate"),
                    f"the way back to {one.id}",
                    body={"deployment_id": one.id},
                )
                return one if said.valid and not said.warnings else None
        return None

    async def update(self, spec: Json) -> Deployment:
        """Give the app another spec; the deployment that comes of it. Raises OutcomeUnknown."""
        before = await self.app()
        what = f"the spec of {self.id}"
        try:
            told = (await self.api.write(AppAnswer, "PUT", self._at(), what, {"spec": spec})).app
        except AnswerLost as lost:
            return await self._made_after_all(before, spec, lost)
        if found := told.pending_deployment or told.in_progress_deployment:
            return found
        unnamed = AnswerLost(f"DigitalOcean took {what}, and names no deployment of it")
        return await self._made_after_all(before, spec, unnamed)

    async def rollback(self, former: Deployment) -> Deployment:
        """Go back to a deployment, and let the app be changed again at once. Raises OutcomeUnknown."""
        before = await self.app()
        body: Json = {"deployment_id": former.id, "skip_pin": True}
        what = f"the way back to {former.id}"
        try:
            found = await self.api.write(DeploymentAnswer, "POST", self._at("rollback"), what, body)
        except AnswerLost as lost:
            return await self._made_after_all(before, former.spec, lost)
        return found.deployment

    async def _made_after_all(self, before: App, spec: Json, lost: AnswerLost) -> Deployment:
        known = {one.id for one in (before.active_deployment, before.under_way) if one}
        made: list[Deployment] = []

        async def is_there() -> bool:
            now = await self.app()
            for one in (now.under_way, now.active_deployment):
                if one and one.id not in known and is_same(one.spec, spec, self.service):
                    made.append(one)
            return bool(made)

        await self.habits.read_back(lost, is_there, "no such deployment is to be seen")
        return made[0]

    def _at(self, *parts: str) -> str:
        return "/".join(["/v2/apps", *(quote(one, safe="") for one in (self.id, *parts))])
