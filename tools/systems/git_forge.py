"""The built-in forge: changes are branches of a git remote, reviewed in the store, merged by git."""

from __future__ import annotations

from orchestrate.errors import (
    CommandFailed,
    HeadMoved,
    MergeRefused,
    OutcomeUnknown,
    Unreachable,
)
from orchestrate.models.change import (
    Change,
    ChangeRecord,
    Merged,
    MergeMethod,
    MergeOrder,
    NewChange,
    Preview,
)
from orchestrate.models.conflict import Conflict, ResolveOrder
from tools.merge import ChangeRecords
from tools.systems.git import NULL, Git, Push, sha
from tools.systems.git_merges import Merges, Signature
from tools.systems.git_resolutions import Resolutions
from tools.systems.git_reverts import Reverts, title
from tools.systems.git_sightings import Sightings
from tools.systems.git_source import EVERY_METHOD, GitSource

_ATTEMPTS = 3  # pushes of one order, where the remote was busy and the base did not move


class GitForge(GitSource):
    """Forge, Source, Reverts and Conflicts on one remote; heads and merge states are always git's own."""

    def __init__(
        self,
        git: Git,
        records: ChangeRecords,
        *,
        base: str = "main",
        methods: tuple[MergeMethod, ...] = EVERY_METHOD,
        signature: Signature | None = None,
    ) -> None:
        super().__init__(git)
        self._records, self._base, self._methods = records, base, methods
        self._signature = signature or Signature()
        self._merges = Merges(git, self._history, self._signature)
        self._sightings = Sightings(git, self._history, self._merges)
        self._reverts = Reverts(git, self._history, self._merges)
        self._resolutions = Resolutions(git, self._history, self._merges)

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
        await self._git.fetch()
        return await self._customary(self._methods, self._base)

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

    async def conflict(self, change: Change) -> Conflict:
        await self._git.fetch()
        return await self._resolutions.conflict(change.head, await self._tip(change.base))

    async def resolved(self, order: ResolveOrder) -> Change | None:
        known = next((record for record in self._records.all() if record.marker == order.marker), None)
        return await self.change(known.id) if known else None

    async def resolve(self, order: ResolveOrder) -> Change:
        if (known := await self.resolved(order)) is not None:
            return known
        record = self._records.record(order.change)
        await self._git.fetch()
        branch = await self._resolutions.branch(order, record.branch, record.base)
        return await self.open(
            NewChange(
                title=f"Resolve the conflict of change {record.id}",
                author=self._signature.name,
                branch=branch,
                base=record.base,
                body=order.body,
                marker=order.marker,
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
        await self._merges.compared(order)

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


def _refuse_other_base(push: Push | None, order: MergeOrder) -> None:
    """The remote moves the branch from whatever it is; that it was the ordered base is seen here."""
    if push and push.was and not order.base.startswith(push.was):
        raise HeadMoved("base", order.base, push.was)
