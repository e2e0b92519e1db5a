"""Sightings: what a base branch already holds of a change, whoever put it there."""

from __future__ import annotations

import hashlib

from orchestrate.errors import UnknownVersion
from orchestrate.models.change import Change, ChangeRecord, ChangeState, Merged, MergeMethod, MergeOrder
from tools.systems.git import NULL, Git, is_sha
from tools.systems.git_history import History, Node
from tools.systems.git_merges import Merges

_FAR = 200  # commits of a base that are searched for a squash made by somebody else


class Sightings:
    """Finds changes and orders on their base branch, in the mirror as it was fetched last."""

    def __init__(self, git: Git, history: History, merges: Merges) -> None:
        self._git, self._history, self._merges = git, history, merges

    async def fulfilled(self, order: MergeOrder, base: str) -> Merged | None:
        """The commit of branch `base` that has the ordered tree (and, for a merge, the ordered head)."""
        tip = await self._history.tip(base)
        if tip is None:
            return None
        try:
            line = (await self._history.node(order.base), *await self._history.mainline(order.base, tip))
        except UnknownVersion:
            return None
        fitting = [node for node in line if node.tree == order.tree and await self._holds(node, order)]
        ours = [node for node in fitting if (node.change, node.head) == (order.change, order.head)]
        chosen = ours[-1] if ours else fitting[0] if fitting else None
        return Merged(commit=chosen.sha, tree=chosen.tree) if chosen else None

    async def change(self, record: ChangeRecord) -> Change:
        """The record with head and state as git tells them."""
        tip = await self._history.tip(record.branch)
        head = await self._remembered(record, tip)
        merge = await self._merge(record, head)
        return Change(
            id=record.id,
            title=record.title,
            body=record.body,
            author=record.author,
            branch=record.branch,
            base=record.base,
            head=_merged_head(record, merge) or head or NULL,
            state=_state(tip, merge),
            draft=record.draft,
            merge_commit=merge.sha if merge else None,
            reviews=record.reviews,
            checks=record.checks,
            labels=record.labels,
            opened_at=record.opened_at,
        )

    async def _holds(self, node: Node, order: MergeOrder) -> bool:
        return order.method is not MergeMethod.MERGE or await self._reaches(node.sha, order.head)

    async def _merge(self, record: ChangeRecord, head: str | None) -> Node | None:
        base = await self._history.tip(record.base)
        if base is None:
            return None
        if record.merge_commit and await self._reaches(base, record.merge_commit):
            return await self._history.node(record.merge_commit)
        if head is None:
            return None
        if await self._reaches(base, head):
            return await self._history.arrival(head, base)
        return await self._squash(base, head)

    async def _squash(self, base: str, head: str) -> Node | None:
        """The commit since which merging `head` would add nothing to `base`."""
        fork = await self._history.common(base, head)
        if fork is None or not await self._adds_nothing(base, head):
            return None
        if (await self._history.node(fork)).tree == (await self._history.node(head)).tree:
            return None
        for node in await self._history.mainline(fork, base, _FAR):
            if await self._adds_nothing(node.sha, head):
                return node
        return None

    async def _adds_nothing(self, base: str, head: str) -> bool:
        merged = await self._merges.tree(base, head)
        return merged.sha == (await self._history.node(base)).tree

    async def _reaches(self, commit: str, ancestor: str) -> bool:
        try:
            return await self._history.contains(commit, ancestor)
        except UnknownVersion:
            return False

    async def _remembered(self, record: ChangeRecord, tip: str | None) -> str | None:
        """The head, or the last one that was seen before the branch was deleted."""
        name = f"refs/orchestrate/{hashlib.sha256(record.id.encode()).hexdigest()[:24]}"
        if tip is None:
            return await self._history.commit(name)
        await self._git.output("update-ref", "--end-of-options", name, tip)  # another reader may be quicker
        return tip


def _merged_head(record: ChangeRecord, merge: Node | None) -> str:
    """The head that was merged by us, which later pushes to the branch do not change."""
    is_ours = merge is not None and merge.change == record.id and is_sha(merge.head)
    return merge.head if merge is not None and is_ours else ""


def _state(tip: str | None, merge: Node | None) -> ChangeState:
    if merge is not None:
        return ChangeState.MERGED
    return ChangeState.OPEN if tip else ChangeState.CLOSED
