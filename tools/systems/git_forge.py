"""The built-in forge: changes are branches of a git remote, reviewed in the store, merged by git."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import (
    CommandFailed,
    HeadMoved,
    MergeConflict,
    MergeRefused,
    OutcomeUnknown,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.change import (
    Change,
    ChangeRecord,
    Commit,
    FileChange,
    Merged,
    MergeMethod,
    MergeOrder,
    NewChange,
    Preview,
    Version,
)
from tools.merge import ChangeRecords
from tools.systems.git import NULL, Git, Push, sha
from tools.systems.git_contents import Contents
from tools.systems.git_history import History
from tools.systems.git_merges import Merges, Signature
from tools.systems.git_reverts import Reverts, title
from tools.systems.git_sightings import Sightings

EVERY_METHOD = (MergeMethod.MERGE, MergeMethod.SQUASH, MergeMethod.REBASE)
_ATTEMPTS = 3  # pushes of one order, where the remote was busy and the base did not move


class GitForge:
    """Forge, Source and Reverts on one remote; heads and merge states are always git's own."""

    def __init__(
        self,
        git: Git,
        records: ChangeRecords,
        *,
        base: str = "main",
        methods: tuple[MergeMethod, ...] = EVERY_METHOD,
        signature: Signature | None = None,
    ) -> None:
        self._git, self._records, self._base, self._methods = git, records, base, methods
        self._history, self._contents = History(git), Contents(git)
        self._signature = signature or Signature()
        self._merges = Merges(git, self._history, self._signature)
        self._sightings = Sightings(git, self._history, self._merges)
        self._reverts = Reverts(git, self._history, self._merges)

    async def open(self, new: NewChange) -> Change:
        """Record a branch as a change. Raises UnknownVersion when the remote has no such branch."""
        await self._git.fetch()
        for branch in (new.branch, new.base):
            await self._tip(branch)
        return await self._sightings.change(self._records.add(new))

    async def change(self, id: str) -> Change:
        record = self._records.record(id)
        await self._git.fetch()
        return await self._sightings.change(record)

    async def methods(self) -> tuple[MergeMethod, ...]:
        """What is allowed; what the base's last thirty commits look like comes first."""
        await self._git.fetch()
        tip = await self._history.tip(self._base)
        recent = await self._history.recent(tip, 30) if tip else ()
        merges = any(len(node.parents) > 1 for node in recent)
        custom = MergeMethod.MERGE if merges or len(recent) < 10 else MergeMethod.SQUASH
        return tuple(sorted(self._methods, key=lambda method: method is not custom))

    async def preview(self, change: Change, method: MergeMethod) -> Preview:
        await self._git.fetch()
        return await self._merges.preview(change.head, await self._tip(change.base), method)

    async def merge(self, order: MergeOrder) -> Merged:
        record = self._records.record(order.change)
        await self._git.fetch()
        found = await self._sightings.fulfilled(order, record.base) or await self._made(order, record)
        self._records.merged(record.id, found.commit)
        return found

    async def merged(self, order: MergeOrder) -> Merged | None:
        record = self._records.record(order.change)
        await self._git.fetch()
        return await self._sightings.fulfilled(order, record.base)

    async def version(self, name: str) -> Version:
        await self._git.fetch()
        return await self._history.version(name)

    async def files(self, change: Change) -> tuple[FileChange, ...]:
        await self._git.fetch()
        base = await self._before(change)
        fork = await self._history.common(base, change.head)
        return await self._contents.changed(fork or base, change.head)

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

    async def revert(self, commit: str, reason: str, marker: str) -> Change:
        """Raises MergeConflict when a person has to take it back, MergeRefused when nothing is left of it."""
        known = next((record for record in self._records.all() if record.marker == marker), None)
        if known is not None:
            return await self.change(known.id)
        await self._git.fetch()
        base = await self._tip(self._base)
        branch = await self._reverts.branch(sha(commit), base, reason, marker)
        bad = (await self._history.log(None, commit, 1))[0]
        return await self.open(
            NewChange(
                title=title(bad.subject),
                author=self._signature.name,
                branch=branch,
                base=self._base,
                body=reason,
                marker=marker,
            )
        )

    async def _made(self, order: MergeOrder, record: ChangeRecord) -> Merged:
        for _ in range(_ATTEMPTS):
            await self._compared(order, record)
            commit = await self._merges.commit(order)
            push = await self._pushed(commit, record.base)
            await self._fetched_after(order)
            found = await self._sightings.fulfilled(order, record.base)
            if found is not None:
                _refuse_other_base(push, order)
                return found
            if push is None or push.accepted:
                break
            if not push.is_race:
                raise MergeRefused(f"change {order.change} was not merged: {push.reason}")
        else:
            raise MergeRefused(f"change {order.change} was not merged: {record.base} is busy")
        raise OutcomeUnknown(f"nobody can say whether {commit[:12]} was merged into {record.base}")

    async def _compared(self, order: MergeOrder, record: ChangeRecord) -> None:
        """Raise unless head, base and tree are what was ordered."""
        if record.draft:
            raise MergeRefused(f"change {record.id} is a draft", cure="mark it as ready for review")
        for what, ordered, branch in (("head", order.head, record.branch), ("base", order.base, record.base)):
            found = await self._history.tip(branch) or NULL
            if found != ordered:
                raise HeadMoved(what, ordered, found)
        preview = await self._merges.preview(order.head, order.base, order.method)
        if preview.tree is None:
            raise MergeConflict(record.id, preview.conflicts)
        if preview.tree != order.tree:
            raise HeadMoved("tree", order.tree, preview.tree)

    async def _pushed(self, commit: str, branch: str) -> Push | None:
        try:
            return await self._git.push(commit, branch)
        except CommandFailed:
            return None  # no usable answer: the base itself is asked next

    async def _fetched_after(self, order: MergeOrder) -> None:
        try:
            await self._git.fetch()
        except Unreachable as problem:
            raise OutcomeUnknown(
                f"change {order.change} was pushed; whether it arrived cannot be asked: {problem}"
            ) from problem

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


def _refuse_other_base(push: Push | None, order: MergeOrder) -> None:
    """The remote moves the branch from whatever it is; that it was the ordered base is seen here."""
    if push and push.was and not order.base.startswith(push.was):
        raise HeadMoved("base", order.base, push.was)
