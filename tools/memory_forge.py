"""The twin of a forge: changes and history in memory, for tests and rehearsals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path, PurePosixPath

from orchestrate.errors import HeadMoved, MergeConflict, MergeRefused, UnknownChange, UnknownVersion
from orchestrate.models.change import (
    Change,
    ChangeRecord,
    ChangeState,
    Check,
    Commit,
    FileChange,
    Merged,
    MergeMethod,
    MergeOrder,
    NewChange,
    Preview,
    Review,
    Version,
)
from orchestrate.models.task import Label

Files = Mapping[str, str]
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryChanges:
    """Remembers what was said about changes."""

    def __init__(self) -> None:
        self._records: dict[str, ChangeRecord] = {}

    def add(self, new: NewChange) -> ChangeRecord:
        known = next((one for one in self.all() if new.marker and one.marker == new.marker), None)
        if known is not None:
            return known
        record = ChangeRecord(id=str(len(self._records) + 1), opened_at=_EPOCH, **new.model_dump())
        self._records[record.id] = record
        return record

    def record(self, id: str) -> ChangeRecord:
        if id not in self._records:
            raise UnknownChange(id, tuple(self._records))
        return self._records[id]

    def all(self) -> tuple[ChangeRecord, ...]:
        return tuple(self._records.values())

    def review(self, id: str, review: Review) -> None:
        others = tuple(one for one in self.record(id).reviews if one.by != review.by)
        self._keep(id, reviews=(*others, review))

    def check(self, id: str, check: Check) -> None:
        others = tuple(
            one for one in self.record(id).checks if (one.name, one.sha) != (check.name, check.sha)
        )
        self._keep(id, checks=(*others, check))

    def label(self, id: str, label: Label) -> None:
        others = tuple(one for one in self.record(id).labels if (one.name, one.by) != (label.name, label.by))
        self._keep(id, labels=(*others, label))

    def merged(self, id: str, commit: str) -> None:
        self._keep(id, merge_commit=commit)

    def _keep(self, id: str, **news: object) -> None:
        self._records[id] = self.record(id).model_copy(update=news)


@dataclass(frozen=True)
class Node:
    """A commit with its whole tree."""

    sha: str
    tree: str
    files: Files
    parents: tuple[str, ...]
    subject: str
    author: str
    at: datetime
    order: int


class MemoryForge:
    """Forge, Source and Reverts without git: trees are dictionaries, and a file merges as a whole."""

    def __init__(self, records: MemoryChanges | None = None, *, base: str = "main") -> None:
        self.records = records or MemoryChanges()
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._trees: dict[str, Files] = {}
        self._base = base

    def write(self, branch: str, files: Mapping[str, str | None], subject: str, since: str = "") -> str:
        """Commit `files` (None deletes) on `branch`, begun at branch `since` if it is new."""
        parent = self.branches.get(branch) or self.branches.get(since)
        before = dict(self._nodes[parent].files) if parent else {}
        after = {path: text for path, text in {**before, **files}.items() if text is not None}
        node = self._commit(after, (parent,) if parent else (), subject)
        self.branches[branch] = node.sha
        return node.sha

    async def open(self, new: NewChange) -> Change:
        """Record a branch as a change. Raises UnknownVersion."""
        for branch in (new.branch, new.base):
            self._tip(branch)
        return await self.change(self.records.add(new).id)

    async def change(self, id: str) -> Change:
        record = self.records.record(id)
        head, base = self._tip(record.branch), self._tip(record.base)
        merge = record.merge_commit or (base if head in self._ancestors(base) else None)
        said = record.model_dump(exclude={"marker", "merge_commit"})
        state = ChangeState.MERGED if merge else ChangeState.OPEN
        return Change(head=head, state=state, merge_commit=merge, **said)

    async def methods(self) -> tuple[MergeMethod, ...]:
        return (MergeMethod.MERGE, MergeMethod.SQUASH, MergeMethod.REBASE)

    async def preview(self, change: Change, method: MergeMethod) -> Preview:  # noqa: ARG002 - one tree for all
        base = self._tip(change.base)
        files, conflicts = self._merge(self._fork(base, change.head), base, change.head)
        tree = None if conflicts else self._kept(files)
        return Preview(head=change.head, base=base, tree=tree, conflicts=conflicts)

    async def merge(self, order: MergeOrder) -> Merged:
        done = await self.merged(order)
        if done is not None:
            return done
        record = self.records.record(order.change)
        if record.draft:
            raise MergeRefused(f"change {record.id} is a draft")
        for what, ordered, branch in (("head", order.head, record.branch), ("base", order.base, record.base)):
            if self._tip(branch) != ordered:
                raise HeadMoved(what, ordered, self._tip(branch))
        files, conflicts = self._merge(self._fork(order.base, order.head), order.base, order.head)
        if conflicts:
            raise MergeConflict(record.id, conflicts)
        if _digest(files) != order.tree:
            raise HeadMoved("tree", order.tree, _digest(files))
        parents = (order.base, order.head) if order.method is MergeMethod.MERGE else (order.base,)
        node = self._commit(files, parents, order.message)
        self.branches[record.base] = node.sha
        self.records.merged(record.id, node.sha)
        return Merged(commit=node.sha, tree=node.tree)

    async def merged(self, order: MergeOrder) -> Merged | None:
        record = self.records.record(order.change)
        ours = self._ancestors(self._tip(record.base)) - self._ancestors(order.base)
        found = [self._nodes[one] for one in ours if self._nodes[one].tree == order.tree]
        if order.method is MergeMethod.MERGE:
            found = [node for node in found if order.head in node.parents]
        first = min(found, key=lambda node: node.order, default=None)
        return Merged(commit=first.sha, tree=first.tree) if first else None

    async def version(self, name: str) -> Version:
        short = [one for one in self._nodes if len(name) >= 4 and one.startswith(name)]
        found = short[0] if len(short) == 1 else self.tags.get(name) or self.branches.get(name)
        if found is None:
            raise UnknownVersion(name)
        tag = next((tag for tag, commit in self.tags.items() if commit == found), found[:12])
        return Version(commit=found, tree=self._nodes[found].tree, name=tag)

    async def known(self, commit: str) -> Version | None:
        return await MemoryForge.version(self, commit) if commit in self._nodes else None

    async def files(self, change: Change) -> tuple[FileChange, ...]:
        base = self._nodes[change.merge_commit].parents[0] if change.merge_commit else self._tip(change.base)
        fork = self._fork(base, change.head)
        before: Files = self._nodes[fork].files if fork else {}
        return tuple(_differences(before, self._nodes[change.head].files))

    async def diff(self, change: Change) -> str:
        base = self._nodes[change.merge_commit].parents[0] if change.merge_commit else self._tip(change.base)
        fork = self._fork(base, change.head)
        before: Files = self._nodes[fork].files if fork else {}
        return "\n".join(_shown(before, self._nodes[change.head].files))

    async def checkout(self, version: Version, into: Path, only: str = ".") -> None:
        if version.tree not in self._trees:
            raise UnknownVersion(version.name)
        for path, text in self._trees[version.tree].items():
            if PurePosixPath(path).is_relative_to(only) or only == ".":
                file = into / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    async def contains(self, version: str, commit: str) -> bool:
        return self._node(commit).sha in self._ancestors(self._node(version).sha)

    async def log(self, since: str | None, until: str, limit: int = 50) -> tuple[Commit, ...]:
        shown = self._ancestors(self._node(until).sha) - (self._ancestors(since) if since else set())
        nodes = sorted((self._nodes[one] for one in shown), key=lambda node: -node.order)[:limit]
        return tuple(Commit(sha=one.sha, subject=one.subject, author=one.author, at=one.at) for one in nodes)

    async def revert(self, commit: str, reason: str, marker: str) -> Change:
        known = next((one for one in self.records.all() if one.marker == marker), None)
        if known is not None:
            return await self.change(known.id)
        bad, base = self._node(commit), self._tip(self._base)
        if bad.sha not in self._ancestors(base):
            raise UnknownVersion(commit)
        files, conflicts = self._merge(bad.sha, base, bad.parents[0])
        if conflicts:
            raise MergeConflict(f"revert of {commit[:8]}", conflicts)
        subject, branch = f'Revert "{bad.subject.splitlines()[0]}"', f"revert-{commit[:8]}"
        self.branches[branch] = self._commit(files, (base,), subject).sha
        new = NewChange(
            title=subject, author="Orchestrate", branch=branch, base=self._base, body=reason, marker=marker
        )
        return await self.open(new)

    def _commit(self, files: Files, parents: tuple[str, ...], subject: str) -> Node:
        order = len(self._nodes)
        name = hashlib.sha1(f"{order} {parents} {subject}".encode(), usedforsecurity=False).hexdigest()
        node = Node(name, self._kept(files), dict(files), parents, subject, "someone", _EPOCH, order)
        self._nodes[name] = node
        return node

    def _kept(self, files: Files) -> str:
        self._trees[_digest(files)] = files
        return _digest(files)

    def _node(self, commit: str) -> Node:
        if commit not in self._nodes:
            raise UnknownVersion(commit)
        return self._nodes[commit]

    def _tip(self, branch: str) -> str:
        if branch not in self.branches:
            raise UnknownVersion(branch)
        return self.branches[branch]

    def _ancestors(self, commit: str) -> set[str]:
        found: set[str] = set()
        todo = [commit]
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo.extend(self._node(one).parents)
        return found

    def _fork(self, base: str, head: str) -> str | None:
        both = self._ancestors(base) & self._ancestors(head)
        return max(both, key=lambda one: self._nodes[one].order, default=None)

    def _merge(self, fork: str | None, ours: str, theirs: str) -> tuple[Files, tuple[str, ...]]:
        """Three-way, file by file: the tree, and the files that both sides changed differently."""
        old: Files = self._nodes[fork].files if fork else {}
        left, right = self._nodes[ours].files, self._nodes[theirs].files
        merged: dict[str, str] = {}
        conflicts: list[str] = []
        for path in sorted({*old, *left, *right}):
            was, mine, other = old.get(path), left.get(path), right.get(path)
            if mine not in (was, other) and other != was:
                conflicts.append(path)
            text = other if mine == was else mine
            if text is not None:
                merged[path] = text
        return merged, tuple(conflicts)


def _digest(files: Files) -> str:
    return hashlib.sha1(repr(sorted(files.items())).encode(), usedforsecurity=False).hexdigest()


def _shown(before: Files, after: Files) -> Iterator[str]:
    for path in sorted({*before, *after}):
        old, new = before.get(path, ""), after.get(path, "")
        names = (f"a/{path}", f"b/{path}")
        yield from unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")


def _differences(before: Files, after: Files) -> Iterator[FileChange]:
    for path in sorted({*before, *after}):
        if path not in after:
            yield FileChange(path=path, status="D")
        elif before.get(path) != after[path]:
            yield FileChange(path=path, status="M" if path in before else "A", text=after[path])
