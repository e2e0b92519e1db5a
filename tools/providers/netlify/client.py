"""Client: a site of Netlify, its deploys, and the one that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from orchestrate.errors import AnswerLost, BuildFailed
from orchestrate.models.change import Version
from tools.providers.netlify.answers import Build, Deploy, Deploys, SiteShown
from tools.systems.web_api import Absent, Nothing, WebApi

PRODUCTION = "production"
PAGE, PAGES = 20, 10
"""How many deploys one list has, and how many lists are looked through for a commit."""


@dataclass(frozen=True)
class Client:
    """Asks about one site."""

    api: WebApi
    site: str

    async def shown(self) -> SiteShown:
        return await self.api.read(SiteShown, self._site(), f"the site {self.site}")

    async def deploy(self, name: str) -> Deploy | None:
        """By its id; None where it is not there any more."""
        try:
            return await self.api.read(Deploy, self._deploy(name), f"the deploy {name}")
        except Absent:
            return None

    async def built(self, version: Version) -> Deploy | None:
        """The best deploy for production of the version's commit: ready, or under way, or the newest."""
        for page in range(1, PAGES + 1):
            query = ((PRODUCTION, "true"), ("page", page), ("per_page", PAGE))
            what = f"the deploys of {self.site}"
            found = (await self.api.read(Deploys, f"{self._site()}/deploys", what, query)).root
            ours = [one for one in found if _is_of(one, version)]
            if ours or len(found) < PAGE:
                return max(
                    ours, key=lambda one: (one.is_ready, one.is_under_way, one.created_at), default=None
                )
        return None

    async def build(self, version: Version) -> Deploy:
        """Have the newest commit of the production branch built. Raises BuildFailed, AnswerLost.

        No other commit can be asked for: what is built must be compared.
        """
        what = f"a build of {version.commit[:12]}"
        begun = await self.api.write(Build, "POST", f"{self._site()}/builds", what)
        if not begun.deploy_id:
            cure = "connect the site with the repository, and let it build"
            raise BuildFailed(f"Netlify took {what}, and makes no deploy of it", cure=cure)
        found = await self.deploy(begun.deploy_id)
        if found is None:
            raise AnswerLost(f"Netlify does not show the deploy {begun.deploy_id}, which it began")
        return found

    async def restore(self, name: str) -> None:
        """Ask that the site shows a deploy. Raises AnswerLost."""
        where = f"{self._deploy(name)}/restore"
        await self.api.write(Nothing, "POST", where, f"the published deploy of {self.site}")

    async def lock(self, name: str) -> None:
        """Ask that no other deploy is published by itself. Raises AnswerLost."""
        where = f"/api/v1/deploys/{quote(name, safe='')}/lock"
        await self.api.write(Nothing, "POST", where, f"auto publishing of {self.site}")

    def _site(self) -> str:
        return f"/api/v1/sites/{quote(self.site, safe='')}"

    def _deploy(self, name: str) -> str:
        return f"{self._site()}/deploys/{quote(name, safe='')}"


def _is_of(one: Deploy, version: Version) -> bool:
    is_for_production = one.context == PRODUCTION and not one.draft
    return is_for_production and one.commit == version.commit
