"""Merging on GitHub: exactly what was ordered, once, whatever GitHub answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.errors import (
    AccessDenied,
    HeadMoved,
    MergeConflict,
    MergeQueued,
    MergeRefused,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    Unreachable,
)
from orchestrate.models.change import ChangeState, MergeMethod, MergeOrder
from tests.servers.github import Trouble
from tests.tools.systems.github.conftest import Here
from tools.queueing import LeaveOrder, MemoryQueue, MergeQueue, leaving

MERGE = r"/merge$"
BUSY = {"message": "Base branch was modified. Review and try the merge again."}
METHODS = pytest.mark.parametrize("method", list(MergeMethod))


async def test_a_merge_says_which_change_and_head_it_brought(here: Here) -> None:
    merged = await here.forge.merge(await here.order())

    message = here.world.repository.git("log", "-1", "--format=%B", merged.commit)
    assert message.splitlines()[0] == "Say hello (#1)"
    assert f"Orchestrate-Head: {here.head}" in message


async def test_a_lost_answer_to_a_merge_that_was_made_is_no_failure(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 502, is_after=True))

    merged = await here.forge.merge(order)

    assert merged.tree == order.tree
    assert here.server.count("PUT", MERGE) == 1


async def test_a_lost_answer_to_a_merge_that_is_not_seen_is_unknown_and_not_tried_again(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 502))

    with pytest.raises(OutcomeUnknown):
        await here.forge.merge(order)

    assert here.server.count("PUT", MERGE) == 1


async def test_a_base_that_was_busy_and_did_not_move_is_tried_again(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 405, BUSY, times=2))

    assert (await here.forge.merge(order)).tree == order.tree


async def test_a_base_that_stays_busy_is_refused(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 405, BUSY, times=9))

    with pytest.raises(MergeRefused, match="busy"):
        await here.forge.merge(order)


async def test_a_head_that_moved_in_the_last_moment_is_not_merged(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 409, {"message": "Head branch was modified."}))

    with pytest.raises(HeadMoved, match="head"):
        await here.forge.merge(order)


@pytest.mark.parametrize(
    "reason",
    [
        "At least 1 approving review is required by reviewers with write access.",
        'Required status check "tests" is expected.',
    ],
)
async def test_what_github_refuses_is_told_in_its_words(here: Here, reason: str) -> None:
    order = await here.order()
    here.world.refuses = reason

    with pytest.raises(MergeRefused) as refused:
        await here.forge.merge(order)

    assert reason in str(refused.value)
    assert not isinstance(refused.value, MergeConflict | HeadMoved)


async def test_a_method_that_the_repository_forbids_is_neither_offered_nor_made(here: Here) -> None:
    order = await here.order(MergeMethod.MERGE)
    here.world.methods = ("squash", "rebase")

    offered = await here.forge.methods()

    assert MergeMethod.MERGE not in offered
    with pytest.raises(MergeRefused, match="Merge merges are not allowed"):
        await here.forge.merge(order)


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"type": "required_linear_history"}, {"squash", "rebase"}),
        (
            {
                "type": "pull_request",
                "parameters": {
                    "allowed_merge_methods": ["squash"],
                    "required_approving_review_count": 0,
                    "require_code_owner_review": False,
                },
            },
            {"squash"},
        ),
    ],
)
async def test_rules_leave_some_methods(here: Here, rule: dict[str, object], left: set[str]) -> None:
    here.world.rules.append(rule)

    assert set(await here.forge.methods()) == left


async def test_no_method_that_settings_and_repository_share_is_said(here: Here) -> None:
    here.world.methods = ()

    with pytest.raises(MergeRefused, match="GitHub allows none"):
        await here.forge.methods()


@METHODS
async def test_what_somebody_else_merged_is_seen(here: Here, method: MergeMethod) -> None:
    order = await here.order(method)
    pull = here.world.pulls[1]
    commit = here.world.merge(pull, method.value, "By hand", "bob")

    change = await here.change()

    assert (change.state, change.merge_commit) == (ChangeState.MERGED, commit)
    assert (await here.forge.merged(order)) == (await here.forge.merge(order))
    assert here.server.count("PUT", MERGE) == 0


async def test_what_somebody_else_merged_onto_a_moved_base_is_another_tree(here: Here) -> None:
    order = await here.order()
    here.world.repository.write("main", {"more": "x\n"}, "Go on")
    here.world.merge(here.world.pulls[1], "merge", "By hand", "bob")

    assert await here.forge.merged(order) is None
    with pytest.raises(HeadMoved, match="tree"):
        await here.forge.merge(order)


async def test_a_merge_that_the_base_does_not_hold_is_not_believed(here: Here) -> None:
    order = await here.order()
    before = here.world.repository.tip("main")
    await here.forge.merge(order)
    here.world.repository.git("update-ref", "refs/heads/main", before)

    with pytest.raises(Unreachable, match="does not hold it"):
        await here.forge.merged(order)


async def test_a_closed_pull_request_is_not_merged(here: Here) -> None:
    order = await here.order()
    here.world.pulls[1].state = "closed"

    with pytest.raises(MergeRefused, match="closed"):
        await here.forge.merge(order)


async def test_a_token_that_may_not_merge_is_said_with_what_it_needs(here: Here) -> None:
    order = await here.order()
    needs = {"X-Accepted-GitHub-Permissions": "contents=write"}
    said = {"message": "Resource not accessible by personal access token"}
    here.server.troubles.append(Trouble("PUT", MERGE, 403, said, needs))

    with pytest.raises(AccessDenied) as denied:
        await here.forge.merge(order)

    assert "contents=write" in denied.value.cure


async def test_a_merge_that_was_asked_for_too_early_did_not_happen(here: Here) -> None:
    order = await here.order()
    here.server.troubles.append(Trouble("PUT", MERGE, 429, {"message": "slow"}, {"Retry-After": "7"}))

    with pytest.raises(RateLimited) as limited:
        await here.forge.merge(order)

    assert limited.value.retry_after == 7
    assert (await here.forge.merge(order)).tree == order.tree


async def test_a_fork_is_merged(here: Here) -> None:
    here.world.fork("fay", "better", {"better": "from afar\n"})
    here.world.open("From afar", "better", "main", fork="fay", author="fay")
    change = await here.forge.change("2")
    preview = await here.forge.preview(change, MergeMethod.SQUASH)
    order = (await here.order(MergeMethod.SQUASH)).model_copy(
        update={"change": "2", "head": change.head, "tree": preview.tree}
    )

    assert (await here.forge.merge(order)).tree == preview.tree


@METHODS
async def test_a_revert_takes_all_commits_back_whoever_merged_them(here: Here, method: MergeMethod) -> None:
    before = here.world.repository.git("rev-parse", "main^{tree}")
    here.world.repository.write("feature", {"more": "x\n"}, "Say more")
    await here.change()
    commit = here.world.merge(here.world.pulls[1], method.value, "By hand", "bob")

    revert = await here.forge.revert(commit, "it was slow", "revert:1")

    assert (await here.forge.preview(revert, MergeMethod.SQUASH)).tree == before


async def test_a_merge_queue_is_joined_once_and_waited_for(here: Here) -> None:
    here.world.queue = []
    order = await here.order()
    waits = [await waited(here, order), await waited(here, order)]

    here.world.queue.clear()
    here.world.merge(here.world.pulls[1], "merge", "By the queue", "github-merge-queue[bot]")

    assert all(waits)
    assert (await here.forge.merge(order)).tree == order.tree
    assert here.server.count("PUT", MERGE) == 0


async def waited(here: Here, order: MergeOrder) -> float | None:
    with pytest.raises(MergeQueued, match="place 1") as queued:
        await here.forge.merge(order)
    return queued.value.retry_after


def in_memory(_: Here) -> MergeQueue:
    return MemoryQueue()


def on_github(here: Here) -> MergeQueue:
    return here.forge.queue


@pytest.mark.parametrize("make", [in_memory, on_github])
async def test_a_change_leaves_the_merge_queue_and_no_other_does(
    here: Here, make: Callable[[Here], MergeQueue]
) -> None:
    queue, waiting = make(here), ["1"]
    here.world.queue = [1]
    if isinstance(queue, MemoryQueue):
        queue.waiting = waiting
    tool, order = leaving(queue), LeaveOrder(change="1", plan="p")
    assert tool.observe is not None
    before = await tool.observe(order)

    await tool.act(order)

    assert (before, await tool.observe(order), await queue.holds("1")) == (None, order, False)


async def test_what_github_keeps_in_its_queue_is_told_in_its_words(here: Here) -> None:
    here.world.queue = []

    with pytest.raises(OutsideFailed, match="not in the merge queue") as kept:
        await here.forge.queue.leave("1")

    assert "take it out on GitHub" in kept.value.cure
