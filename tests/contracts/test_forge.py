"""What every forge does: on the twin, on a path, over git's own HTTP server, and on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrate.errors import HeadMoved, MergeConflict, MergeRefused, UnknownChange, UnknownVersion
from orchestrate.models.change import (
    ChangeState,
    MergeMethod,
    Version,
)
from tests.contracts.forge_world import World, on, on_github, ready
from tests.servers.git_http import serving
from tests.servers.git_remote import GitRemote
from tools.memory_forge import MemoryForge

EVERYWHERE = pytest.mark.parametrize("world", ["memory", "path", "http", "github"], indirect=True)
METHODS = pytest.mark.parametrize("method", list(MergeMethod))


@pytest.fixture(params=["memory", "path", "github"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        twin = MemoryForge()
        yield ready(World(twin, twin))
        return
    if request.param == "github":
        with on_github(tmp_path) as (forge, here):
            yield ready(World(forge, here.world.repository))
        return
    remote = GitRemote(tmp_path / "served" / "shop.git")
    if request.param == "path":
        yield ready(World(on(str(remote.folder), tmp_path), remote))
        return
    with serving(tmp_path / "served") as url:
        yield ready(World(on(f"{url}/shop.git", tmp_path), remote))


async def test_a_change_is_seen_as_it_is(world: World) -> None:
    opened = await world.opened()

    change = await world.forge.change(opened.id)

    assert (change.title, change.author, change.state) == ("Say hello", "ada", ChangeState.OPEN)
    assert change.head == (await world.forge.version("feature")).commit
    assert change.merge_commit is None


async def test_an_unknown_change_is_an_error(world: World) -> None:
    with pytest.raises(UnknownChange):
        await world.forge.change("none")


async def test_a_branch_that_does_not_exist_is_no_change(world: World) -> None:
    with pytest.raises(UnknownVersion):
        await world.opened("nowhere")


@EVERYWHERE
async def test_a_push_is_seen_as_a_new_head(world: World) -> None:
    opened = await world.opened()

    pushed = world.remote.write("feature", {"hello": "good day\n"}, "Say it better")

    assert (await world.forge.change(opened.id)).head == pushed


@EVERYWHERE
@METHODS
async def test_a_merge_is_foreseen_and_then_made(world: World, method: MergeMethod) -> None:
    change = await world.opened()
    order = await world.order(change, method)

    merged = await world.forge.merge(order)

    assert await world.tip() == Version(commit=merged.commit, tree=order.tree, name=merged.commit[:12])
    assert (await world.forge.change(change.id)).state is ChangeState.MERGED
    assert (await world.forge.change(change.id)).merge_commit == merged.commit


@EVERYWHERE
@METHODS
async def test_merging_twice_merges_once(world: World, method: MergeMethod) -> None:
    order = await world.order(await world.opened(), method)
    assert await world.forge.merged(order) is None

    first = await world.forge.merge(order)
    world.remote.write("main", {"later": "x\n"}, "Go on")

    assert await world.forge.merge(order) == first
    assert await world.forge.merged(order) == first


async def test_a_preview_changes_nothing(world: World) -> None:
    before = await world.tip()

    await world.order(await world.opened())

    assert await world.tip() == before


async def test_a_merge_commit_contains_the_head(world: World) -> None:
    order = await world.order(await world.opened())

    merged = await world.forge.merge(order)

    assert await world.forge.contains(merged.commit, order.head)
    assert not await world.forge.contains(order.head, merged.commit)


@METHODS
async def test_a_conflict_names_the_files(world: World, method: MergeMethod) -> None:
    world.remote.write("main", {"hello": "hi\n"}, "Say hi")
    change = await world.opened()

    preview = await world.forge.preview(change, method)

    assert (preview.tree, preview.conflicts) == (None, ("hello",))


@EVERYWHERE
async def test_a_conflict_is_refused(world: World) -> None:
    change = await world.opened()
    order = await world.order(change)
    base = world.remote.write("main", {"hello": "hi\n"}, "Say hi")

    with pytest.raises(MergeConflict) as refused:
        await world.forge.merge(order.model_copy(update={"base": base}))

    assert refused.value.files == ("hello",)


@EVERYWHERE
@pytest.mark.parametrize(("branch", "what"), [("feature", "head"), ("main", "base")])
async def test_what_moved_after_the_approval_is_not_merged(world: World, branch: str, what: str) -> None:
    order = await world.order(await world.opened())
    world.remote.write(branch, {"more": "x\n"}, "Push more")
    before = await world.tip()

    with pytest.raises(HeadMoved) as moved:
        await world.forge.merge(order)

    assert moved.value.what == what
    assert await world.tip() == before


async def test_another_tree_than_the_approved_one_is_not_merged(world: World) -> None:
    order = await world.order(await world.opened())

    with pytest.raises(HeadMoved, match="tree"):
        await world.forge.merge(order.model_copy(update={"tree": "0" * 40}))


async def test_a_draft_is_not_merged(world: World) -> None:
    order = await world.order(await world.opened(draft=True))

    with pytest.raises(MergeRefused, match="draft"):
        await world.forge.merge(order)


async def test_every_method_is_offered_once(world: World) -> None:
    assert sorted(await world.forge.methods()) == sorted(MergeMethod)


@EVERYWHERE
async def test_files_are_told_with_their_texts(world: World) -> None:
    change = await world.opened()

    found = {file.path: (file.status, file.text) for file in await world.forge.files(change)}

    assert found == {"hello": ("A", "hello\n"), "old": ("D", None)}


@EVERYWHERE
async def test_a_change_is_shown_line_by_line(world: World) -> None:
    change = await world.opened()

    lines = (await world.forge.diff(change)).splitlines()

    assert "+hello" in lines and "+++ b/hello" in lines
    assert any(line.startswith("-") and not line.startswith("---") for line in lines)


@METHODS
async def test_files_of_a_merged_change_are_still_its_own(world: World, method: MergeMethod) -> None:
    change = await world.opened()
    await world.forge.merge(await world.order(change, method))

    found = await world.forge.files(await world.forge.change(change.id))

    assert {file.path for file in found} == {"hello", "old"}


@EVERYWHERE
async def test_a_version_is_written_into_a_folder(world: World, tmp_path: Path) -> None:
    await world.forge.checkout(await world.forge.version("feature"), tmp_path / "out")

    found = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert found == {"hello": "hello\n", "readme": "shop\n"}


async def test_the_tree_of_a_merge_can_be_read_before_the_merge(world: World, tmp_path: Path) -> None:
    world.remote.write("main", {"folder/new": "x\n"}, "Go on")
    order = await world.order(await world.opened())
    foreseen = Version(commit=order.head, tree=order.tree, name="foreseen")

    await world.forge.checkout(foreseen, tmp_path / "all")
    await world.forge.checkout(foreseen, tmp_path / "some", "folder")
    await world.forge.checkout(foreseen, tmp_path / "none", "nowhere")

    assert paths(tmp_path / "all") == {"folder/new", "hello", "readme"}
    assert paths(tmp_path / "some") == {"folder/new"}
    assert paths(tmp_path / "none") == set()


def paths(root: Path) -> set[str]:
    return {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}


async def test_a_version_is_found_by_its_short_sha(world: World) -> None:
    version = await world.tip()

    assert await world.forge.version(version.commit[:9]) == version


@pytest.mark.parametrize(
    "name", ["nothing", "--help", "main..feature", "0" * 40, "main~1", "", "a b", "x\ny"]
)
async def test_an_unknown_version_is_an_error(world: World, name: str) -> None:
    with pytest.raises(UnknownVersion):
        await world.forge.version(name)


async def test_what_was_read_before_is_known_by_its_whole_sha_alone(world: World) -> None:
    version = await world.tip()

    assert await world.forge.known(version.commit) == version
    for name in ("main", version.commit[:9], "0" * 40, "--help"):
        assert await world.forge.known(name) is None


async def test_the_log_shows_what_is_new(world: World) -> None:
    since, until = (await world.tip()).commit, (await world.forge.version("feature")).commit

    assert [line.subject for line in await world.forge.log(since, until)] == ["Say hello"]
    assert [line.subject for line in await world.forge.log(None, until, 1)] == ["Say hello"]
    assert len(await world.forge.log(None, until)) == 2


@METHODS
async def test_a_revert_takes_the_whole_change_back(world: World, method: MergeMethod) -> None:
    before = await world.tip()
    world.remote.write("feature", {"more": "x\n"}, "Say more")
    merged = await world.forge.merge(await world.order(await world.opened(), method))

    revert = await world.forge.revert(merged.commit, "it was slow", "revert:1")

    assert (revert.state, revert.base, revert.body) == (ChangeState.OPEN, "main", "it was slow")
    assert (await world.forge.preview(revert, MergeMethod.SQUASH)).tree == before.tree


@EVERYWHERE
async def test_a_revert_is_prepared_once(world: World) -> None:
    merged = await world.forge.merge(await world.order(await world.opened()))

    first = await world.forge.revert(merged.commit, "it was slow", "revert:1")

    assert await world.forge.revert(merged.commit, "it was slow", "revert:1") == first


async def test_a_revert_that_conflicts_is_left_to_a_person(world: World) -> None:
    merged = await world.forge.merge(await world.order(await world.opened()))
    world.remote.write("main", {"hello": "changed since\n"}, "Change it")

    with pytest.raises(MergeConflict) as conflict:
        await world.forge.revert(merged.commit, "it was slow", "revert:1")

    assert conflict.value.files == ("hello",)
