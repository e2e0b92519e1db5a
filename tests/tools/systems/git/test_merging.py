from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrate.errors import (
    CommandFailed,
    HeadMoved,
    MergeRefused,
    OutcomeUnknown,
)
from orchestrate.models.change import MergeMethod
from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import Recorder, opened, ordered, put
from tools.systems.git_forge import GitForge


async def test_a_merge_commit_has_both_parents_and_says_which_change(
    forge: GitForge, remote: GitRemote
) -> None:
    order = await ordered(forge, await opened(forge))

    merged = await forge.merge(order)

    assert remote.git("log", "-1", "--format=%P", "main") == f"{order.base} {order.head}"
    assert f"Orchestrate-Change: {order.change}" in remote.git("log", "-1", "--format=%B", "main")
    assert remote.tip("main") == merged.commit


async def test_a_squash_is_one_commit_in_the_authors_name(forge: GitForge, remote: GitRemote) -> None:
    remote.write("feature", {"more": "x\n"}, "Say more")
    order = await ordered(forge, await opened(forge), MergeMethod.SQUASH)

    await forge.merge(order)

    assert remote.git("log", "-1", "--format=%P|%an|%cn|%s", "main") == (
        f"{order.base}|Ada|Orchestrate|Say hello"
    )


async def test_a_rebase_replays_each_commit(forge: GitForge, remote: GitRemote) -> None:
    remote.write("feature", {"more": "x\n"}, "Say more")
    remote.write("main", {"other": "y\n"}, "Go on")
    order = await ordered(forge, await opened(forge), MergeMethod.REBASE)

    await forge.merge(order)

    subjects = remote.git("log", "--first-parent", "--format=%s|%an", "main").splitlines()
    assert subjects == ["Say more|Ada", "Say hello|Ada", "Go on|Ada", "Begin|Ada"]


async def test_a_declined_push_keeps_the_remotes_own_reason(forge: GitForge, remote: GitRemote) -> None:
    order = await ordered(forge, await opened(forge))
    remote.hook("pre-receive", "echo main is protected >&2; exit 1")

    with pytest.raises(MergeRefused, match="pre-receive hook declined.*main is protected"):
        await forge.merge(order)

    assert remote.tip("main") == order.base


async def test_a_base_that_moves_during_the_push_is_not_overwritten(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.before_push.append(lambda _: _write(remote, "main"))

    with pytest.raises(HeadMoved, match="base"):
        await forge.merge(order)

    assert remote.git("log", "--format=%s", "main").splitlines() == ["Push between", "Begin"]


async def test_a_base_that_was_put_back_during_the_push_is_noticed(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    first = remote.tip("main")
    remote.write("main", {"bad": "x\n"}, "Taken away again")
    order = await ordered(forge, await opened(forge))
    recorder.before_push.append(lambda _: put(remote, first))

    with pytest.raises(HeadMoved, match="base"):
        await forge.merge(order)


async def test_a_push_whose_answer_is_lost_is_found_on_the_base(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.after_push.append(_lose)

    merged = await forge.merge(order)

    assert remote.tip("main") == merged.commit


async def test_a_push_that_nobody_can_ask_about_is_unknown(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.after_push.append(lambda _: _vanish(remote))

    with pytest.raises(OutcomeUnknown):
        await forge.merge(order)


async def test_two_processes_that_merge_at_once_lose_nothing(remote: GitRemote, tmp_path: Path) -> None:
    for name in ("one", "two"):
        for index in range(3):
            remote.write(f"{name}-{index}", {f"{name}-{index}": "x\n"}, f"Add {name} {index}", since="main")

    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MERGER, str(remote.folder), str(tmp_path / name), name, cwd=Path.cwd()
        )
        for name in ("one", "two")
    ]

    assert [await process.wait() for process in both] == [0, 0]
    files = remote.git("ls-tree", "--name-only", "main").splitlines()
    assert set(files) >= {f"{name}-{index}" for name in ("one", "two") for index in range(3)}
    assert len(remote.git("log", "--first-parent", "--format=%H", "main").splitlines()) == 7


MERGER = """
import asyncio, sys
from pathlib import Path
from orchestrate.errors import HeadMoved
from orchestrate.models.change import MergeMethod, MergeOrder, NewChange
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge

async def merge(forge, branch):
    change = await forge.open(NewChange(title=branch, author="ada", branch=branch, base="main"))
    while True:
        seen = await forge.preview(change, MergeMethod.MERGE)
        try:
            return await forge.merge(MergeOrder(change=change.id, method=MergeMethod.MERGE, head=seen.head,
                                                base=seen.base, tree=seen.tree, message=branch))
        except HeadMoved:
            pass

async def main(remote, mirror, name):
    forge = GitForge(Git(remote, Path(mirror)), MemoryChanges())
    for index in range(3):
        await merge(forge, f"{name}-{index}")

asyncio.run(main(*sys.argv[1:]))
"""


def _write(remote: GitRemote, branch: str) -> None:
    remote.write(branch, {"between": "x\n"}, "Push between")


def _vanish(remote: GitRemote) -> None:
    remote.folder.rename(remote.folder.with_suffix(".gone"))


def _lose(argv: Sequence[str]) -> None:
    raise CommandFailed(argv, None, "the connection broke")
