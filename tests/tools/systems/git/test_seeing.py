from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.change import ChangeState, MergeMethod
from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import merge_by_hand, opened, ordered, put
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge


async def test_a_merge_by_somebody_else_is_seen(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    merge = merge_by_hand(remote, "main", "feature")
    remote.write("main", {"later": "x\n"}, "Go on")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit, seen.head) == (ChangeState.MERGED, merge, change.head)


async def test_a_squash_by_somebody_else_is_seen(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.write("main", {"other": "x\n"}, "Go on")
    squash = remote.write("main", {"hello": "hello\n"}, "Say hello (#1)")
    remote.write("main", {"later": "x\n"}, "Go on")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit) == (ChangeState.MERGED, squash)


async def test_a_merged_change_stays_merged_without_its_branch(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    merged = await forge.merge(await ordered(forge, change, MergeMethod.SQUASH))
    remote.git("update-ref", "-d", "refs/heads/feature")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit, seen.head) == (ChangeState.MERGED, merged.commit, change.head)


async def test_pushes_after_the_merge_do_not_move_the_merged_head(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    await forge.merge(await ordered(forge, change))
    remote.write("feature", {"late": "x\n"}, "Too late")

    assert (await forge.change(change.id)).head == change.head


async def test_a_merge_that_was_removed_from_the_base_is_a_merge_no_longer(
    forge: GitForge, remote: GitRemote
) -> None:
    change = await opened(forge)
    order = await ordered(forge, change)
    await forge.merge(order)
    put(remote, order.base)

    assert (await forge.change(change.id)).state is ChangeState.OPEN
    assert await forge.merged(order) is None


async def test_a_branch_that_is_gone_unmerged_is_closed(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.git("update-ref", "-d", "refs/heads/feature")

    seen = await forge.change(change.id)

    assert (seen.state, seen.head) == (ChangeState.CLOSED, change.head)


async def test_a_branch_that_its_author_rewrote_is_followed(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.git("update-ref", "refs/heads/feature", remote.write("other", {"new": "x\n"}, "New", since="main"))

    assert (await forge.change(change.id)).head == remote.tip("other")


@pytest.mark.parametrize("count", [1, 12])
async def test_the_customary_method_comes_first(forge: GitForge, remote: GitRemote, count: int) -> None:
    for index in range(count):
        remote.write("main", {"file": str(index)}, f"Say {index}")
    assert (await forge.methods())[0] is (MergeMethod.MERGE if count == 1 else MergeMethod.SQUASH)

    merge_by_hand(remote, "main", "feature")
    assert (await forge.methods())[0] is MergeMethod.MERGE


async def test_a_revert_is_found_again_when_its_record_was_lost(remote: GitRemote, tmp_path: Path) -> None:
    bad = remote.write("main", {"bad": "x\n"}, "Break it")
    first = GitForge(Git(str(remote.folder), tmp_path / "one"), MemoryChanges())
    second = GitForge(Git(str(remote.folder), tmp_path / "two"), MemoryChanges())

    before = await first.revert(bad, "it broke", "revert:1")
    after = await second.revert(bad, "it broke", "revert:1")

    assert (after.branch, after.head) == (before.branch, before.head)
    assert after.title == 'Revert "Break it"'
