"""What happens around a merge: a runner that remembers, changes that are opened, hands that interfere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrate.models.change import Change, MergeMethod, MergeOrder, NewChange
from tests.servers.git_remote import GitRemote
from tools.commands import Output, run
from tools.systems.git_forge import GitForge

Step = Callable[[Sequence[str]], None]


class Recorder:
    """Runs everything as told, remembers the words, and lets a test act right before a push."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []
        self.before_push: list[Step] = []
        self.after_push: list[Step] = []

    async def __call__(self, argv: Sequence[str], **limits: object) -> Output:
        self.said.append(list(argv))
        pushes = "push" in argv
        if pushes and self.before_push:
            self.before_push.pop()(argv)
        output = await run(argv, **limits)  # pyright: ignore[reportArgumentType] - passed on as they came
        if pushes and self.after_push:
            self.after_push.pop()(argv)
        return output


async def opened(forge: GitForge, branch: str = "feature") -> Change:
    return await forge.open(NewChange(title="Say hello", author="ada", branch=branch, base="main"))


async def ordered(forge: GitForge, change: Change, method: MergeMethod = MergeMethod.MERGE) -> MergeOrder:
    seen = await forge.preview(change, method)
    assert seen.tree is not None
    return MergeOrder(
        change=change.id, method=method, head=seen.head, base=seen.base, tree=seen.tree, message="Say hello"
    )


def put(remote: GitRemote, commit: str) -> None:
    remote.git("update-ref", "refs/heads/main", commit)


def merge_by_hand(remote: GitRemote, base: str, head: str) -> str:
    tree = remote.git("merge-tree", "--write-tree", base, head)
    parents = ("-p", remote.tip(base), "-p", remote.tip(head))
    commit = remote.git("commit-tree", tree, *parents, stdin="Merge by hand")
    remote.git("update-ref", f"refs/heads/{base}", commit)
    return commit
