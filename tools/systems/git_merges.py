"""Merges: what putting commits together gives, computed without a work tree, and made into commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrate.errors import CommandFailed, HeadMoved, MergeConflict
from orchestrate.models.change import MergeMethod, MergeOrder, Preview
from tools.systems.git import Git, sha
from tools.systems.git_history import CHANGE, HEAD, History, Node


@dataclass(frozen=True)
class Tree:
    """What a merge gives: a tree, or the files that stand against it."""

    sha: str | None
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signature:
    """In whose name commits are made."""

    name: str = "Orchestrate"
    email: str = "orchestrate@localhost"

    @property
    def env(self) -> dict[str, str]:
        names = {f"GIT_{role}_NAME": self.name for role in ("AUTHOR", "COMMITTER")}
        return names | {f"GIT_{role}_EMAIL": self.email for role in ("AUTHOR", "COMMITTER")}


class Merges:
    """Foresees merges and makes their commits; nothing here leaves the mirror."""

    def __init__(self, git: Git, history: History, signature: Signature) -> None:
        self._git, self._history, self._signature = git, history, signature

    async def preview(self, head: str, base: str, method: MergeMethod) -> Preview:
        """What `method` would give for `head` on `base`."""
        if method is MergeMethod.REBASE:
            tree, _ = await self._replayed(head, base, None)
        else:
            tree = await self.tree(base, head)
        return Preview(head=head, base=base, tree=tree.sha, conflicts=tree.conflicts)

    async def compared(self, order: MergeOrder) -> None:
        """Raise MergeConflict, or HeadMoved, unless the merge gives the tree that was ordered."""
        preview = await self.preview(order.head, order.base, order.method)
        if preview.tree is None:
            raise MergeConflict(order.change, preview.conflicts)
        if preview.tree != order.tree:
            raise HeadMoved("tree", order.tree, preview.tree)

    async def commit(self, order: MergeOrder) -> str:
        """The commit that fulfils `order`, not yet anywhere but in the mirror."""
        trailers = trailers_of(order)
        match order.method:
            case MergeMethod.MERGE:
                return await self.made(order.tree, (order.base, order.head), order.message, trailers)
            case MergeMethod.SQUASH:
                author = await self._author(order.head)
                return await self.made(order.tree, (order.base,), order.message, trailers, author)
            case MergeMethod.REBASE:
                _, last = await self._replayed(order.head, order.base, trailers)
                return last

    async def made(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        trailers: Mapping[str, str],
        author: Mapping[str, str] | None = None,
    ) -> str:
        """A commit of `tree`; `author` is who wrote it, where that is not us."""
        after = [word for parent in parents for word in ("-p", sha(parent))]
        text = await self.worded(message, trailers)
        env = {**self._signature.env, **(author or {})}
        return sha(await self._git.text("commit-tree", *after, "-F", "-", sha(tree), stdin=text, env=env))

    async def tree(self, ours: str, theirs: str) -> Tree:
        """What merging two commits gives."""
        got = await self._git.output(
            "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages",
            "--allow-unrelated-histories", "--end-of-options", sha(ours), sha(theirs),
        )  # fmt: skip
        if got.code not in (0, 1) or got.is_cut:
            raise CommandFailed(got.argv, got.code, got.complaint)
        tree, *files = got.text.split("\0")
        if got.code == 0:
            return Tree(sha(tree.strip()))
        return Tree(None, tuple(dict.fromkeys(file for file in files if file)))

    async def moved(self, onto: Node, since: str | None, until: Node) -> Tree:
        """The tree of `onto` with what changed between `since` and `until`.

        git 2.38 takes no merge base by name, so both sides become children of `since` first.
        """
        parents = (since,) if since else ()
        ours = await self.made(onto.tree, parents, "ours", {})
        theirs = await self.made(until.tree, parents, "theirs", {})
        return await self.tree(ours, theirs)

    async def _replayed(self, head: str, base: str, trailers: Mapping[str, str] | None) -> tuple[Tree, str]:
        """What the commits of `head` give one by one on `base`, and the last of the new commits."""
        onto = await self._history.node(base)
        for commit in await self._history.own(base, head):
            tree = await self.moved(onto, commit.parents[0] if commit.parents else None, commit)
            if tree.sha is None:
                return tree, onto.sha
            if tree.sha == onto.tree:  # the base has it already
                continue
            message = await self._git.text("log", "-1", "--format=%B", "--end-of-options", commit.sha)
            author = await self._author(commit.sha)
            made = await self.made(tree.sha, (onto.sha,), message, trailers or {}, author)
            onto = Node(made, tree.sha, (onto.sha,))
        return Tree(onto.tree), onto.sha

    async def _author(self, commit: str) -> dict[str, str]:
        shape = "--format=%an%x00%ae%x00%ad"
        text = await self._git.text("log", "-1", shape, "--date=raw", "--end-of-options", sha(commit))
        name, email, date = text.split("\0")
        if not name.strip(" .,:;<>\"'\\"):  # git makes no commit for such a name
            return {}
        return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": f"@{date}"}

    async def worded(self, message: str, trailers: Mapping[str, str]) -> bytes:
        """The message of a commit, with the trailers in their place."""
        words = [word for key, value in trailers.items() for word in ("--trailer", f"{key}: {_line(value)}")]
        if not words:
            return message.encode()
        text = message.strip() or "Merge"
        asked = ("interpret-trailers", "--no-divider", *words)
        return (await self._git.output(*asked, stdin=f"{text}\n".encode())).whole().stdout


def trailers_of(order: MergeOrder) -> dict[str, str]:
    """What the commit of a merge says about its order."""
    return {CHANGE: order.change, HEAD: order.head}


def _line(value: str) -> str:
    return " ".join(value.split())
