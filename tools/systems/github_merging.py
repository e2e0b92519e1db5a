"""Merging on GitHub: ask for exactly what was ordered, read what GitHub's no means, and look afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from orchestrate.errors import (
    HeadMoved,
    MergeQueued,
    MergeRefused,
    OrchestrateError,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from orchestrate.models.change import Merged, MergeMethod, MergeOrder
from tools.systems.git import NULL, Git
from tools.systems.git_history import History
from tools.systems.git_merges import Merges, trailers_of
from tools.systems.github_api import GithubApi, Rejected
from tools.systems.github_changes import Changes
from tools.systems.github_rules import rules_of
from tools.systems.github_shapes import Merge, Pull

_ATTEMPTS = 3  # of one order, where the base was busy and did not move
_LOOKS = 4  # at a merge whose answer was lost
_QUEUE_LOOK = 15.0  # seconds after which the queue is looked at again
_ENQUEUE = """
mutation($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) {
    mergeQueueEntry { position state }
  }
}
"""


class Merging:
    """Merges pull requests of one repository, whose mirror `git` is."""

    def __init__(
        self, api: GithubApi, git: Git, history: History, merges: Merges, *, pause: float = 1.0
    ) -> None:
        self._api, self._git, self._history, self._merges = api, git, history, merges
        self._changes, self._pause = Changes(api), pause

    async def merged(self, order: MergeOrder) -> Merged | None:
        """The merge on the base that fulfils `order` (M2), or None."""
        pull = await self._changes.pull(order.change)
        return await self._fulfilled(order, pull) if pull.merged else None

    async def merge(self, order: MergeOrder) -> Merged:
        """Merge what was ordered, and see it on the base.

        Raises HeadMoved, MergeConflict, MergeRefused, MergeQueued (it waits in the merge queue),
        OutcomeUnknown.
        """
        pull = await self._changes.pull(order.change)
        if not pull.merged:
            await self._compared(order, pull)
            pull = await self._asked(order, pull)
        found = await self._fulfilled(order, pull)
        if found is None:
            tree = await self._tree(pull)
            raise HeadMoved("tree" if tree != order.tree else "merge", order.tree, tree)
        return found

    async def _compared(self, order: MergeOrder, pull: Pull) -> None:
        """Raise unless state, head, base and tree are what was ordered."""
        if pull.state == "closed":
            raise MergeRefused(f"pull request {pull.number} is closed", cure="open it again")
        if pull.draft:
            raise MergeRefused(f"change {pull.number} is a draft", cure="mark it as ready for review")
        await self._git.fetch()
        tip = await self._history.tip(pull.base.ref) or NULL
        for what, ordered, found in (("head", order.head, pull.head.sha), ("base", order.base, tip)):
            if ordered != found:
                raise HeadMoved(what, ordered, found)
        await self._merges.compared(order)

    async def _asked(self, order: MergeOrder, pull: Pull) -> Pull:
        """The pull request once it is merged."""
        if (await rules_of(self._api, pull.base.ref)).has_queue:
            await self._queued(order, pull)
        for _ in range(_ATTEMPTS):
            try:
                await self._api.send(Merge, "PUT", f"/pulls/{pull.number}/merge", await self._words(order))
                return await self._read_back(order)
            except Rejected as no:
                await self._judged(order, pull, no)
            except RateLimited:
                raise
            except Unreachable as lost:
                return await self._looked(order, lost)
            await asyncio.sleep(self._pause)
        raise MergeRefused(f"pull request {pull.number} was not merged: {pull.base.ref} is busy")

    async def _words(self, order: MergeOrder) -> Mapping[str, object]:
        asked: dict[str, object] = {"merge_method": order.method.value, "sha": order.head}
        if order.method is not MergeMethod.REBASE:
            message = (await self._merges.worded(order.message, trailers_of(order))).decode()
            title, _, text = message.partition("\n")
            asked |= {"commit_title": title, "commit_message": text.strip()}
        return asked

    async def _judged(self, order: MergeOrder, pull: Pull, no: Rejected) -> None:
        """What GitHub's no means; only that the base was just modified is worth another try."""
        if no.status == 409:
            now = await self._changes.pull(order.change)
            raise HeadMoved("head", order.head, now.head.sha) from no
        await self._compared(order, await self._changes.pull(order.change))
        if "base branch was modified" not in no.said.lower():
            raise MergeRefused(f"GitHub does not merge pull request {pull.number}: {no.said}") from no

    async def _looked(self, order: MergeOrder, lost: Unreachable) -> Pull:
        """Whether it was merged although the answer was lost."""
        try:
            for _ in range(_LOOKS):
                await asyncio.sleep(self._pause)
                pull = await self._changes.pull(order.change)
                if pull.merged:
                    return pull
        except OrchestrateError as blind:
            lost = Unreachable(f"{lost}; and it cannot be looked at: {blind}")
        raise OutcomeUnknown(f"nobody can say whether pull request {order.change} was merged: {lost}")

    async def _read_back(self, order: MergeOrder) -> Pull:
        try:
            pull = await self._changes.pull(order.change)
        except OrchestrateError as blind:
            raise OutcomeUnknown(f"{order.change} was merged, and cannot be looked at: {blind}") from blind
        return pull if pull.merged else await self._looked(order, Unreachable("GitHub does not show it yet"))

    async def _queued(self, order: MergeOrder, pull: Pull) -> None:
        """Raise MergeQueued, after it was put into the merge queue if it is not there."""
        standing = await self._changes.standing(pull)
        if not standing.isInMergeQueue:
            try:
                await self._api.ask(_ENQUEUE, pull=pull.node_id, head=order.head)
            except Rejected as no:
                raise MergeRefused(f"GitHub does not queue pull request {pull.number}: {no.said}") from no
            standing = await self._changes.standing(pull)
        entry = standing.mergeQueueEntry
        place = f"at place {entry.position} ({entry.state.lower()})" if entry else "no longer"
        raise MergeQueued(
            f"pull request {pull.number} is in the merge queue {place}", retry_after=_QUEUE_LOOK
        )

    async def _fulfilled(self, order: MergeOrder, pull: Pull) -> Merged | None:
        commit = await self._arrived(pull)
        node = await self._history.node(commit)
        is_held = order.method is not MergeMethod.MERGE or await self._history.contains(commit, order.head)
        return Merged(commit=commit, tree=node.tree) if node.tree == order.tree and is_held else None

    async def _tree(self, pull: Pull) -> str:
        return (await self._history.node(await self._arrived(pull))).tree

    async def _arrived(self, pull: Pull) -> str:
        """The commit that merged it, seen on the base branch. Raises Unreachable."""
        await self._git.fetch()
        commit, tip = pull.merge_commit_sha or NULL, await self._history.tip(pull.base.ref)
        is_known = tip is not None and await self._history.commit(commit) is not None
        if tip is None or not is_known or not await self._history.contains(tip, commit):
            said = (
                f"GitHub says that {commit[:12]} merged {pull.number}, and {pull.base.ref} does not hold it"
            )
            raise Unreachable(said, cure="look at the base branch; it may have been moved by force")
        return commit
