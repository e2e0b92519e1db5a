"""The contents and the history of a remote, read from our mirror of it."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import UnknownVersion
from orchestrate.models.change import Change, Commit, FileChange, MergeMethod, Version
from tools.systems.git import Git, is_sha, sha
from tools.systems.git_contents import Contents
from tools.systems.git_history import History

EVERY_METHOD = (MergeMethod.MERGE, MergeMethod.SQUASH, MergeMethod.REBASE)


class GitSource:
    """Source on one remote."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._history, self._contents = History(git), Contents(git)

    async def version(self, name: str) -> Version:
        await self._git.fetch()
        return await self._history.version(name)

    async def known(self, commit: str) -> Version | None:
        if not is_sha(commit) or await self._history.commit(commit) is None:
            return None
        return await self._history.version(commit)

    async def files(self, change: Change) -> tuple[FileChange, ...]:
        await self._seen(change)
        base = await self._before(change)
        fork = await self._history.common(base, change.head)
        return await self._contents.changed(fork or base, change.head)

    async def diff(self, change: Change) -> str:
        await self._seen(change)
        base = await self._before(change)
        fork = await self._history.common(base, change.head)
        return await self._contents.shown(fork or base, change.head)

    async def checkout(self, version: Version, into: Path, only: str = ".") -> None:
        await self._present(version.commit)
        await self._contents.unpack(version, into, only)

    async def contains(self, version: str, commit: str) -> bool:
        for one in (version, commit):
            await self._present(one)
        return await self._history.contains(version, commit)

    async def log(self, since: str | None, until: str, limit: int = 50) -> tuple[Commit, ...]:
        await self._present(until)
        return await self._history.log(since, until, limit)

    async def _customary(self, allowed: tuple[MergeMethod, ...], base: str) -> tuple[MergeMethod, ...]:
        """What is allowed; what the base's last thirty commits look like comes first."""
        tip = await self._history.tip(base)
        recent = await self._history.recent(tip, 30) if tip else ()
        merges = any(len(node.parents) > 1 for node in recent)
        custom = MergeMethod.MERGE if merges or len(recent) < 10 else MergeMethod.SQUASH
        return tuple(sorted(allowed, key=lambda method: method is not custom))

    async def _seen(self, change: Change) -> None:  # noqa: ARG002 - not every head is on a branch of the remote
        """Have the head in the mirror."""
        await self._git.fetch()

    async def _before(self, change: Change) -> str:
        """The base as it is, or as it was before the change was merged."""
        if change.merge_commit is None:
            return await self._tip(change.base)
        merge = await self._history.node(change.merge_commit)
        return merge.parents[0] if merge.parents else merge.sha

    async def _tip(self, branch: str) -> str:
        tip = await self._history.tip(branch)
        if tip is None:
            raise UnknownVersion(branch)
        return tip

    async def _present(self, commit: str) -> None:
        if await self._history.commit(sha(commit)) is None:
            await self._git.fetch()
