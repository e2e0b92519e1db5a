"""GitHub's merge queue: whether a pull request waits there, and how it is taken out."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ValidationError

from orchestrate.errors import OutsideFailed, Unreachable
from orchestrate.outside import line
from tools.systems.github_api import GithubApi, Rejected
from tools.systems.github_changes import Changes
from tools.systems.github_shapes import User

_DEQUEUE = """
mutation($pull: ID!) {
  dequeuePullRequest(input: {id: $pull}) { mergeQueueEntry { position } }
}
"""


_DROPPED = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      isInMergeQueue
      timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT]) {
        nodes { __typename ... on RemovedFromMergeQueueEvent { createdAt reason actor { login } } }
      }
    }
  }
}
"""


class Removal(BaseModel):
    """That the queue has it no more; when it is merged, too."""

    createdAt: datetime
    reason: str | None
    actor: User | None


class Removals(BaseModel):
    """The newest of them."""

    nodes: list[Removal]


class Queued(BaseModel):
    """How a pull request stands with the queue."""

    isInMergeQueue: bool
    timelineItems: Removals


class Holder(BaseModel):
    """The repository that was asked for."""

    pullRequest: Queued


class Asked(BaseModel):
    """The answer."""

    repository: Holder


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

    async def dropped(self, change: str, since: float) -> str:
        pull = await self._changes.pull(change)
        if pull.merged or pull.state == "closed":
            return ""
        owner, _, name = self._api.account.repository.partition("/")
        data = await self._api.ask(_DROPPED, owner=owner, name=name, number=pull.number)
        try:
            found = Asked.model_validate(data).repository.pullRequest
        except ValidationError as problem:
            raise Unreachable("GitHub does not tell of its merge queue as it describes it") from problem
        last = next(iter(found.timelineItems.nodes), None)
        if found.isInMergeQueue or last is None or last.createdAt.timestamp() < since:
            return ""
        by = last.actor.login if last.actor else "GitHub"
        why = line(last.reason or "it tells no reason", 200)
        return f"GitHub's merge queue took pull request {pull.number} out: {why} (by {by})"
