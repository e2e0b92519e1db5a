"""GitHub's deployments: what is where, with a status that appears at the pull request."""

from __future__ import annotations

from orchestrate.errors import OutsideFailed
from tools.showing import Shown, Standing
from tools.systems.github_api import GithubApi
from tools.systems.github_shapes import Deployment, DeploymentStatus
from tools.systems.github_thread import GithubThread

_OURS = "orchestrate"  # the key in a deployment's payload that names ours
_LONGEST = 140  # characters of a description
_STATES = {
    Standing.QUEUED: "queued",
    Standing.RUNNING: "in_progress",
    Standing.DONE: "success",
    Standing.FAILED: "failure",
    Standing.TAKEN_BACK: "inactive",
}


_SAID = {
    Standing.QUEUED: "is about to go",
    Standing.RUNNING: "is on its way",
    Standing.DONE: "went",
    Standing.FAILED: "did not go",
    Standing.TAKEN_BACK: "was taken back on its way",
}


class GithubDeployments:
    """Showcase on one repository of GitHub; with `comments`, it is said on the pull request as well."""

    def __init__(self, api: GithubApi, *, comments: bool = False) -> None:
        self._api, self._comments = api, comments

    async def standing(self, shown: Shown) -> Standing | None:
        known = await self._known(shown)
        if known is None:
            return None
        statuses = await self._api.newest(DeploymentStatus, f"/deployments/{known.id}/statuses", per_page="1")
        said = statuses[0].state if statuses else ""
        return next((standing for standing, state in _STATES.items() if state == said), None)

    async def show(self, shown: Shown) -> None:
        """Say it of the deployment that carries our mark; it is made when there is none.

        The comment comes first: a status that stands says that all was said. Raises OutsideFailed when GitHub
        makes none.
        """
        if self._comments and shown.change:
            await self._say(shown)
        known = await self._known(shown) or await self._made(shown)
        body: dict[str, object] = {"state": _STATES[shown.standing], "description": shown.text[:_LONGEST]}
        body |= {"environment": shown.environment, "auto_inactive": True}
        if shown.url:
            body["environment_url"] = shown.url
        await self._api.send(DeploymentStatus, "POST", f"/deployments/{known.id}/statuses", body)

    async def _say(self, shown: Shown) -> None:
        """A comment for each standing, once for each deployment."""
        thread = GithubThread(self._api, shown.change, shown.deployment)
        title = f"{shown.commit[:10]} {_SAID[shown.standing]} to {shown.environment}"
        follow = f"Deployment {shown.deployment}: `orchestrate deploy status {shown.deployment}`"
        said = f"{shown.text}\n\n{follow}" if shown.text else follow
        await thread.announce(f"{shown.environment}/{shown.standing}", title, said)

    async def _known(self, shown: Shown) -> Deployment | None:
        asked = {"environment": shown.environment, "sha": shown.commit}
        found = await self._api.every(Deployment, "/deployments", **asked)
        return next((one for one in found if one.mark(_OURS) == shown.deployment), None)

    async def _made(self, shown: Shown) -> Deployment:
        """Without merging the base into it, and whatever checks say: our own gates were asked before."""
        body = {
            "ref": shown.commit,
            "environment": shown.environment,
            "production_environment": shown.is_production,
            "auto_merge": False,
            "required_contexts": list[str](),
            "payload": {_OURS: shown.deployment},
            "description": f"Orchestrate {shown.deployment}"[:_LONGEST],
        }
        made = await self._api.send(Deployment, "POST", "/deployments", body)
        if made.mark(_OURS) != shown.deployment:
            raise OutsideFailed(f"GitHub made another deployment than {shown.deployment}")
        return made
