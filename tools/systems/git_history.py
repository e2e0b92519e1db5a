"""History: what a mirror knows about commits, branches and tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrate.errors import CommandFailed, OutsideFailed, UnknownVersion
from orchestrate.models.change import Commit, Version
from tools.systems.git import Git, is_sha, sha

CHANGE, HEAD, MARKER = "Orchestrate-Change", "Orchestrate-Head", "Orchestrate-Marker"

_TRAILER = "%n%(trailers:key={},valueonly,unfold,separator=%x1d)"
_NODE = "%H%n%T%n%P" + "".join(_TRAILER.format(key) for key in (CHANGE, HEAD, MARKER))
_LINE = "%H%n%aI%n%an%n%ae%n%cn <%ce>%n%s%n%(trailers:key=Co-authored-by,valueonly,unfold)"
"""Line by line: nobody can write a line break into a name, an address, a subject or a trailer."""


@dataclass(frozen=True)
class Node:
    """One commit: its tree, its parents, and what our own trailers say about it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    change: str = ""
    head: str = ""
    marker: str = ""


class History:
    """Answers from the mirror as it was fetched last."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def tip(self, branch: str) -> str | None:
        """The commit at the end of `branch` on the remote, or None."""
        return await self.commit(f"refs/remotes/origin/{await self._git.branch(branch)}")

    async def tag(self, name: str) -> str | None:
        """The commit that tag `name` marks, or None."""
        return await self.commit(f"refs/tags/{await self._git.branch(name)}")

    async def commit(self, name: str) -> str | None:
        """The commit that a full name (refs/…) or SHA of the mirror leads to, or None."""
        got = await self._git.output(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        found = got.text.strip()
        return found if got.code == 0 and is_sha(found) else None

    async def node(self, commit: str) -> Node:
        """One commit. Raises UnknownVersion."""
        found = await self._nodes("--no-walk", sha(commit))
        return found[0]

    async def version(self, name: str) -> Version:
        """What a (short) SHA, tag or branch names, in this order. Raises UnknownVersion."""
        commit, called = await self._named(name)
        if commit is None:
            raise UnknownVersion(name)
        node = await self.node(commit)
        return Version(commit=node.sha, tree=node.tree, name=called or await self._called(commit))

    async def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is `commit` or comes before it. Raises UnknownVersion."""
        got = await self._git.output(
            "merge-base", "--is-ancestor", "--end-of-options", sha(ancestor), sha(commit)
        )
        if got.code not in (0, 1):
            raise UnknownVersion(ancestor if await self.commit(commit) else commit)
        return got.code == 0

    async def common(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None."""
        got = await self._git.output("merge-base", "--end-of-options", sha(one), sha(other))
        return got.text.strip() or None

    async def mainline(self, since: str, until: str, limit: int = 1000) -> tuple[Node, ...]:
        """The commits that `until` itself went through since `since`, oldest first."""
        newest = await self._nodes("--first-parent", f"--max-count={limit}", f"{sha(since)}..{sha(until)}")
        return newest[::-1]

    async def arrival(self, commit: str, until: str) -> Node:
        """The commit that brought `commit` to `until`'s own line; `commit` itself, if it stands there."""
        after = f"{sha(commit)}..{sha(until)}"
        later = await self._git.text("rev-list", "--ancestry-path", "--end-of-options", after)
        carriers = set(later.splitlines())
        line = await self.mainline(commit, until)
        return next((node for node in line if node.sha in carriers), None) or await self.node(commit)

    async def recent(self, until: str, limit: int) -> tuple[Node, ...]:
        """The newest commits that `until` itself went through, newest first."""
        return await self._nodes("--first-parent", f"--max-count={limit}", sha(until))

    async def own(self, base: str, head: str) -> tuple[Node, ...]:
        """What `head` has and `base` has not, merges left out, oldest first."""
        return await self._nodes("--reverse", "--topo-order", "--no-merges", f"{sha(base)}..{sha(head)}")

    async def log(self, since: str | None, until: str, limit: int) -> tuple[Commit, ...]:
        """Lines of history, newest first. Raises UnknownVersion."""
        between = f"{sha(since)}..{sha(until)}" if since else sha(until)
        rows = await self._rows(_LINE, f"--max-count={limit}", between)
        return tuple(_commit(row.split("\n")) for row in rows)

    async def _named(self, name: str) -> tuple[str | None, str]:
        if 4 <= len(name) <= 40 and all(digit in "0123456789abcdef" for digit in name):
            commit = await self.commit(name)
            if commit is not None or is_sha(name):
                return commit, ""
        try:
            tagged = await self.tag(name)
            return (tagged, name) if tagged else (await self.tip(name), "")
        except OutsideFailed:
            return None, ""

    async def _called(self, commit: str) -> str:
        tags = await self._git.text("tag", "--points-at", commit, "--sort=version:refname")
        return tags.splitlines()[-1] if tags else commit[:12]

    async def _nodes(self, *words: str) -> tuple[Node, ...]:
        return tuple(_node(row.split("\n")) for row in await self._rows(_NODE, *words))

    async def _rows(self, shape: str, *words: str) -> list[str]:
        *options, last = words
        try:
            text = await self._git.text("log", "-z", f"--format={shape}", *options, "--end-of-options", last)
        except CommandFailed as problem:
            raise UnknownVersion(last) from problem
        return [row for row in text.split("\0") if row]


def _node(lines: list[str]) -> Node:
    """Of several trailers of a name the last one counts: ours comes after all that others wrote."""
    sha, tree, parents, *trailers = lines
    return Node(sha, tree, tuple(parents.split()), *(one.split("\x1d")[-1].strip() for one in trailers))


def _commit(lines: list[str]) -> Commit:
    sha, at, author, email, committer, subject, *co_authors = lines
    return Commit(
        sha=sha,
        at=datetime.fromisoformat(at),
        author=author,
        email=email,
        committer=committer,
        subject=subject,
        co_authors=tuple(one.strip() for one in co_authors if one.strip()),
    )
