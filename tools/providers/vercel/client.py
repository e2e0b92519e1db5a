"""Client: a project of Vercel, its deployments, and what production points to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from orchestrate.errors import BuildFailed
from orchestrate.models.change import Version
from orchestrate.models.hosts import Vercel
from tools.providers.vercel.answers import Deployment, Deployments, Events, Project
from tools.systems.web_api import Absent, Json, Nothing, WebApi

PRODUCTION = "production"


@dataclass(frozen=True)
class Client:
    """Asks about one project."""

    api: WebApi
    own: Vercel

    async def project(self) -> Project:
        where = f"/v9/projects/{quote(self.own.project, safe='')}"
        return await self.api.read(Project, where, f"the project {self.own.project}", self._team())

    async def deployment(self, name: str) -> Deployment | None:
        """By its id; None where it is not there any more."""
        try:
            where = f"/v13/deployments/{quote(name, safe='')}"
            return await self.api.read(Deployment, where, f"the deployment {name}", self._team())
        except Absent:
            return None

    async def lines(self, deployment: str, count: int) -> tuple[str, ...]:
        """The newest lines of a deployment's events, oldest first."""
        where = f"/v3/deployments/{quote(deployment, safe='')}/events"
        query = (("direction", "backward"), ("follow", 0), ("builds", 1), ("limit", count), *self._team())
        told = (await self.api.read(Events, where, f"the log of {deployment}", query)).root or ()
        events = sorted((one for one in reversed(told) if one), key=lambda one: one.created)
        return tuple(line for one in events for line in one.lines)[-count:]

    async def built(self, project: Project, version: Version) -> Deployment | None:
        """The best production deployment of the version's commit: ready, or under way, or the newest."""
        query = (("projectId", project.id), ("target", PRODUCTION), ("sha", version.commit), ("limit", 20))
        what = f"the deployments of {version.commit[:12]}"
        found = await self.api.read(Deployments, "/v7/deployments", what, (*query, *self._team()))
        ours = [one for one in found.deployments if one.commit == version.commit]
        return max(ours, key=lambda one: (one.is_ready, one.is_under_way, one.created_at), default=None)

    async def build(self, project: Project, version: Version) -> Deployment:
        """Have the commit built. Raises BuildFailed, AnswerLost."""
        link = project.link
        if link is None or link.type != "github" or link.repo_id is None:
            said = f"Vercel has no deployment of {version.name} ({version.commit[:12]}) for production"
            raise BuildFailed(said, cure="push the commit to the branch that the project builds, and wait")
        source: Json = {"type": "github", "repoId": link.repo_id, "sha": version.commit}
        source["ref"] = link.production_branch or version.commit
        body: Json = {"name": project.name, "project": project.id, "target": PRODUCTION, "gitSource": source}
        what = f"a deployment of {version.commit[:12]}"
        query = (("skipAutoDetectionConfirmation", 1), *self._team())
        return await self.api.write(Deployment, "POST", "/v13/deployments", what, body, query)

    async def promote(self, project: Project, name: str) -> None:
        """Ask that production points to a deployment. Raises AnswerLost."""
        where = f"/v10/projects/{quote(project.id, safe='')}/promote/{quote(name, safe='')}"
        await self.api.write(Nothing, "POST", where, f"production of {project.name}", query=self._team())

    def _team(self) -> tuple[tuple[str, str], ...]:
        return (("teamId", self.own.team),) if self.own.team else ()
