"""Client: a project of Vercel, its deployments, and what production points to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from orchestrate.errors import AnswerLost, BuildFailed, OutcomeUnknown, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.hosts import Vercel
from tools.providers.vercel.answers import Deployment, Deployments, Project
from tools.systems.shown import Habits
from tools.systems.web_api import Absent, Json, Nothing, WebApi

PRODUCTION = "production"


@dataclass(frozen=True)
class Client:
    """Asks about one project."""

    api: WebApi
    own: Vercel
    habits: Habits

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

    async def built(self, project: Project, version: Version) -> Deployment | None:
        """The best production deployment of the version's commit: ready, or under way, or the newest."""
        query = (("projectId", project.id), ("target", PRODUCTION), ("sha", version.commit), ("limit", 20))
        what = f"the deployments of {version.commit[:12]}"
        found = await self.api.read(Deployments, "/v7/deployments", what, (*query, *self._team()))
        ours = [one for one in found.deployments if one.commit == version.commit]
        return max(ours, key=lambda one: (one.is_ready, one.is_under_way, one.created_at), default=None)

    async def build(self, project: Project, version: Version, failed: str = "") -> Deployment:
        """Have the commit built. Raises BuildFailed, OutcomeUnknown.

        `failed`: the deployment of the same commit that is no good, so that a lost answer is read rightly.
        """
        link = project.link
        if link is None or link.type != "github" or link.repo_id is None:
            said = f"Vercel has no deployment of {version.name} ({version.commit[:12]}) for production"
            raise BuildFailed(said, cure="push the commit to the branch that the project builds, and wait")
        source: Json = {"type": "github", "repoId": link.repo_id, "sha": version.commit}
        source["ref"] = link.production_branch or version.commit
        body: Json = {"name": project.name, "project": project.id, "target": PRODUCTION, "gitSource": source}
        what = f"a deployment of {version.commit[:12]}"
        query = (("skipAutoDetectionConfirmation", 1), *self._team())
        try:
            return await self.api.write(Deployment, "POST", "/v13/deployments", what, body, query)
        except AnswerLost as lost:
            return await self._made_after_all(project, version, failed, lost)

    async def promote(self, project: Project, name: str) -> None:
        """Point production to a deployment, and return when it does. Raises StartFailed, OutcomeUnknown."""

        async def is_so() -> bool:
            now = (await self.project()).production
            return now is not None and now.name == name

        where = f"/v10/projects/{quote(project.id, safe='')}/promote/{quote(name, safe='')}"
        try:
            await self.api.write(Nothing, "POST", where, f"production of {project.name}", query=self._team())
        except AnswerLost as lost:
            if not await self.habits.within(self.habits.lost, is_so):
                raise OutcomeUnknown(f"{lost}; production does not show it yet") from lost
        if not await self.habits.within(self.habits.shown, is_so):
            raise StartFailed(
                f"Vercel took the promotion of {name}, and production points elsewhere",
                cure="see the project's deployments at Vercel; a rolling release goes its own way",
            )

    async def ended(self, found: Deployment) -> Deployment:
        """The deployment when its build is over; whoever waits sets the limit."""
        while found.is_under_way:
            await asyncio.sleep(self.habits.again)
            found = await self.deployment(found.name) or found
        return found

    async def until_listed(self, project: Project, version: Version) -> None:
        """Return when what is built is found by its commit, too. Raises BuildFailed."""

        async def is_so() -> bool:
            found = await self.built(project, version)
            return found is not None and found.is_ready

        if not await self.habits.within(self.habits.shown, is_so):
            raise BuildFailed(f"Vercel built {version.name}, and does not list it for its commit")

    async def _made_after_all(
        self, project: Project, version: Version, failed: str, lost: AnswerLost
    ) -> Deployment:
        made: list[Deployment] = []

        async def is_there() -> bool:
            found = await self.built(project, version)
            if found is not None and found.name != failed:
                made.append(found)
            return bool(made)

        if not await self.habits.within(self.habits.lost, is_there):
            raise OutcomeUnknown(f"{lost}; no such deployment is to be seen") from lost
        return made[0]

    def _team(self) -> tuple[tuple[str, str], ...]:
        return (("teamId", self.own.team),) if self.own.team else ()
