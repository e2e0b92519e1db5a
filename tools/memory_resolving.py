"""The twin of a forge where conflicts are resolved on branches of their own."""

from __future__ import annotations

from itertools import chain, count

from orchestrate.errors import HeadMoved, MergeRefused
from orchestrate.models.change import Change, NewChange
from orchestrate.models.conflict import Conflict, ConflictingFile, ResolveOrder
from orchestrate.resolving import objection, unfit
from tools.memory_forge import MemoryForge


class ResolvingForge(MemoryForge):
    """A forge in memory; of a file that conflicts, all lines do."""

    async def conflict(self, change: Change) -> Conflict:
        return self._against(change.head, self._tip(change.base))

    async def resolved(self, order: ResolveOrder) -> Change | None:
        known = next((one for one in self.records.all() if one.marker == order.marker), None)
        return await self.change(known.id) if known else None

    async def resolve(self, order: ResolveOrder) -> Change:
        known = await self.resolved(order)
        if known is not None:
            return known
        record = self.records.record(order.change)
        if self._tip(record.branch) != order.head:
            raise HeadMoved("head", order.head, self._tip(record.branch))
        conflict = self._against(order.head, order.base)
        if why := unfit(conflict) or objection(conflict, order.files):
            raise MergeRefused(f"this is no resolution: {why}")
        files, _ = self._merge(self._fork(order.base, order.head), order.base, order.head)
        resolved = {**files, **{one.path: one.text for one in order.files}}
        first = f"orchestrate/resolve/{record.id}-{order.head[:12]}"
        names = chain((first,), (f"{first}-{number}" for number in count(2)))
        name = next(one for one in names if one not in self.branches)
        self.branches[name] = self._commit(resolved, (order.head, order.base), "Merge").sha
        return await self.open(
            NewChange(
                title=f"Resolve the conflict of change {record.id}",
                author="Orchestrate",
                branch=name,
                base=record.base,
                body=order.body,
                marker=order.marker,
            )
        )

    def _against(self, head: str, base: str) -> Conflict:
        _, paths = self._merge(self._fork(base, head), base, head)
        ours, theirs = self._node(base).files, self._node(head).files
        both = [path for path in paths if path in ours and path in theirs]
        files = tuple(ConflictingFile(path=one, text=_marked(ours[one], theirs[one])) for one in both)
        left = sorted({*paths} - {*both})
        beyond = f"{left[0]} does not conflict as a text" if left else ""
        return Conflict(head=head, base=base, files=files, beyond=beyond)


def _marked(ours: str, theirs: str) -> str:
    sides = (one if one.endswith("\n") else f"{one}\n" for one in (ours, theirs))
    return "<<<<<<< base\n{}=======\n{}>>>>>>> head\n".format(*sides)
