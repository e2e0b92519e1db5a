"""Pushes that arrive between approval and merge: a thousand merges, and none of anything unapproved."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from orchestrate.errors import HeadMoved
from orchestrate.models.change import MergeMethod, MergeOrder
from tests.faults.pushing import Pushes
from tests.faults.racing import FORK, meet
from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import opened, ordered
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge

MERGED = "merged"
ROUNDS = {MergeMethod.MERGE: 500, MergeMethod.SQUASH: 400, MergeMethod.REBASE: 100}
"""By method: a thousand in all."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("method", ROUNDS)
async def test_nothing_unapproved_is_merged_while_people_push(folder: Path, method: MergeMethod) -> None:
    rounds = ROUNDS[method]
    remote = GitRemote(folder / "shop.git")
    pushes = begun(remote)
    forge = GitForge(Git(str(remote.folder), folder / "mirror"), MemoryChanges())
    change = await opened(forge)
    order = await ordered(forge, change, method)
    assert (order.head, order.base) == (pushes.approved, pushes.base)

    began = time.monotonic()
    assert await merged(forge, order) == MERGED
    pushes = replace(pushes, longest=time.monotonic() - began)
    remote.git("update-ref", "refs/heads/main", pushes.base)

    said: Counter[str] = Counter()
    with people(pushes, rounds) as others:
        for _ in range(rounds):
            meet(others)
            word = await merged(forge, order)
            meet(others)
            check(remote, pushes, order, word)
            said[word] += 1
            remote.git("update-ref", "refs/heads/main", pushes.base)

    assert set(said) == {MERGED, "head", "base"}
    assert min(said.values()) >= rounds // 50, said


def begun(remote: GitRemote) -> Pushes:
    """A base, an approved head of two commits, heads that nobody approved, and others' work on the base."""
    base = remote.write("main", {"readme": "shop\n"}, "Begin")
    remote.write("feature", {"hello": "hello\n"}, "Say hello", since="main")
    approved = remote.write("feature", {"hello": "hello\nyou\n"}, "Say it to you")
    heads = [remote.write("feature", {"evil": f"{number}\n"}, f"Evil {number}") for number in range(10)]
    bases = [
        remote.write(f"other-{number}", {"other": f"{number}\n"}, f"Other {number}", since="main")
        for number in range(10)
    ]
    remote.git("update-ref", "refs/heads/feature", approved)
    return Pushes(remote.folder, approved, heads, base, bases, longest=0)


@contextmanager
def people(pushes: Pushes, rounds: int) -> Generator[Barrier]:
    """Those who push, in processes of their own; the barrier begins and ends each round."""
    others, is_over = FORK.Barrier(2), FORK.Event()
    processes = [
        FORK.Process(target=partial(pushes.push_heads, is_over)),
        FORK.Process(target=partial(pushes.push_bases, rounds, others)),
    ]
    for one in processes:
        one.start()
    try:
        yield others
        is_over.set()
        for one in processes:
            one.join(20)
        assert [one.exitcode for one in processes] == [0, 0]
    finally:
        for one in processes:
            one.kill()
            one.join()


async def merged(forge: GitForge, order: MergeOrder) -> str:
    """Whether it was merged, or what had moved."""
    try:
        found = await forge.merge(order)
    except HeadMoved as moved:
        return moved.what
    assert found.tree == order.tree
    return MERGED


def check(remote: GitRemote, pushes: Pushes, order: MergeOrder, word: str) -> None:
    """The base holds what was approved, or nothing of it; and what was said of it is so."""
    tip = remote.tip("main")
    if word != MERGED:
        assert tip == pushes.base or tip in pushes.bases
        assert word != "base" or tip in pushes.bases
        return
    tree, *parents = remote.git("log", "-1", "--format=%T %P", tip).split()
    assert tree == order.tree
    assert not {tip, *remote.git("rev-list", tip).split()} & {*pushes.heads, *pushes.bases}
    if order.method is MergeMethod.MERGE:
        assert parents == [pushes.base, pushes.approved]
    if order.method is MergeMethod.SQUASH:
        assert parents == [pushes.base]
