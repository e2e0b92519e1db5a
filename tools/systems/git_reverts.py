"""Reverts: branches that take a commit back."""

from __future__ import annotations

from orchestrate.errors import MergeConflict, MergeRefused, UnknownVersion
from tools.systems.git import Git
from tools.systems.git_history import MARKER, History, Node
from tools.systems.git_merges import Merges

_NAMES = 20  # branches that may have the same short SHA in their name


class Reverts:
    """Makes a branch on the remote whose one commit takes a commit of `base` back."""

    def __init__(self, git: Git, history: History, merges: Merges) -> None:
        self._git, self._history, self._merges = git, history, merges

    async def branch(self, commit: str, base: str, reason: str, marker: str, before: str = "") -> str:
        """The branch that carries `marker`, made if there is none; it gives back what was there `before`,
        which without a word is what our own trailers tell.

        Raises UnknownVersion when `base` does not hold the commit, MergeConflict when a person has to
        decide, MergeRefused when nothing is left of it.
        """
        if not await self._history.contains(base, commit):
            raise UnknownVersion(commit)
        for index in range(1, _NAMES):
            name = f"revert-{commit[:8]}" if index == 1 else f"revert-{commit[:8]}-{index}"
            tip = await self._history.tip(name)
            if tip is None:
                return await self._made(name, (commit, before), base, reason, marker)
            if (await self._history.node(tip)).marker == marker:
                return name
        raise MergeRefused(f"there are {_NAMES - 1} branches that take {commit[:8]} back already")

    async def _made(self, name: str, span: tuple[str, str], base: str, reason: str, marker: str) -> str:
        commit, given = span
        bad, onto = await self._history.node(commit), await self._history.node(base)
        before = await self._history.node(given) if given else await self._before(bad)
        tree = await self._merges.moved(onto, bad.sha, before)
        if tree.sha is None:
            raise MergeConflict(f"revert of {commit[:8]}", tree.conflicts)
        if tree.sha == onto.tree:
            raise MergeRefused(f"nothing of {commit[:8]} is left to take back")
        message = f"{title(await self._subject(commit))}\n\n{reason}\n\nThis reverts commit {commit}."
        made = await self._merges.made(tree.sha, (base,), message, {MARKER: marker})
        push = await self._git.push(made, name)
        if not push.accepted:
            raise MergeRefused(f"branch {name} was not made: {push.reason}")
        return name

    async def _before(self, bad: Node) -> Node:
        """What the base had before the change came, all of its replayed commits included."""
        first = bad
        while first.parents and len(first.parents) == 1:
            parent = await self._history.node(first.parents[0])
            if not bad.change or parent.change != bad.change or parent.head != bad.head:
                return parent
            first = parent
        if not first.parents:
            raise MergeRefused(f"{bad.sha[:8]} is the first commit; before it there is nothing")
        return await self._history.node(first.parents[0])

    async def _subject(self, commit: str) -> str:
        return (await self._history.log(None, commit, 1))[0].subject


def title(subject: str) -> str:
    """What a change that takes `subject` back is called."""
    return f'Revert "{subject}"'
