"""GitHub's merge queue: whether a pull request waits there, and how it is taken out."""

from __future__ import annotations

from orchestrate.errors import OutsideFailed
from tools.systems.github_api import GithubApi, Rejected
from tools.systems.github_changes import Changes

_DEQUEUE = """
mutation($pull: ID!) {
  dequeuePullRequest(input: {id: $pull}) { mergeQueueEntry { position } }
}
"""


class GithubQueue:
    """MergeQueue of one repository."""

    def __init__(self, api: GithubApi) -> None:
        self._api, self._changes = api, Changes(api)

    async def holds(self, change: str) -> bool:
        pull = await self._changes.pull(change)
        return not pull.merged and (await self._changes.standing(pull)).isInMergeQueue

    async def leave(self, change: str) -> None:
        pull = await self._changes.pull(change)
        try:
            await self._api.ask(_DEQUEUE, pull=pull.node_id)
        except Rejected as no:
            raise OutsideFailed(
                f"GitHub leaves pull request {pull.number} in its merge queue: {no.said}",
                cure="take it out on GitHub, before it is merged",
            ) from no
