"""What every forge does where a change conflicts: on the twin, on a path, and on GitHub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from orchestrate.errors import HeadMoved, MergeRefused
from orchestrate.models.change import Change, ChangeState, MergeMethod
from orchestrate.models.conflict import ResolvedFile, ResolveOrder
from tests.contracts.forge_world import Whole, World, Writer, on, on_github
from tests.servers.git_remote import GitRemote
from tools.memory_resolving import ResolvingForge
from tools.resolving import Conflicts

WHOLE = "price = {}\n"


class Resolvable(Whole, Conflicts, Protocol): ...


@dataclass(frozen=True)
class Here:
    """A change of shop.py that conflicts with main."""

    forge: Resolvable
    remote: Writer

    async def change(self, files: Mapping[str, str | None] | None = None) -> Change:
        self.remote.write("main", {"shop.py": WHOLE.format(1), "other": "x"}, "Begin")
        self.remote.write(
            "feature", files or {"shop.py": WHOLE.format(3), "new": "n"}, "Theirs", since="main"
        )
        self.remote.write("main", {"shop.py": WHOLE.format(2), "logo": "\0", "more": "m"}, "Ours")
        return await World(self.forge, self.remote).opened()

    async def order(self, change: Change, text: str = WHOLE.format(5), path: str = "shop.py") -> ResolveOrder:
        conflict = await self.forge.conflict(change)
        files = (ResolvedFile(path=path, text=text),)
        return ResolveOrder(
            change=change.id, head=conflict.head, base=conflict.base, files=files, body="as a model says"
        )


@pytest.fixture(params=["memory", "path", "github"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    if request.param == "memory":
        twin = ResolvingForge()
        yield Here(twin, twin)
    elif request.param == "github":
        with on_github(tmp_path) as (forge, server):
            yield Here(forge, server.world.repository)
    else:
        remote = GitRemote(tmp_path / "served" / "shop.git")
        yield Here(on(str(remote.folder), tmp_path), remote)


async def test_a_conflict_shows_both_sides_of_each_file(here: Here) -> None:
    change = await here.change()

    conflict = await here.forge.conflict(change)

    assert (conflict.head, conflict.beyond) == (change.head, "")
    (file,) = conflict.files
    assert file.path == "shop.py"
    lines = file.text.splitlines()
    assert lines[1:2] + lines[3:4] == ["price = 2", "price = 3"]
    assert [line[:7] for line in lines[::2]] == ["<<<<<<<", "=======", ">>>>>>>"]


async def test_a_change_that_fits_conflicts_nowhere(here: Here) -> None:
    change = await here.change({"new": "n"})

    assert (await here.forge.conflict(change)).files == ()


async def test_a_file_that_one_side_deleted_is_left_to_a_person(here: Here) -> None:
    change = await here.change({"shop.py": None})

    conflict = await here.forge.conflict(change)

    assert (conflict.files, conflict.beyond) == ((), "shop.py does not conflict as a text")


async def test_a_resolution_is_a_change_that_fits_and_holds_what_both_did(here: Here, tmp_path: Path) -> None:
    change = await here.change()
    base = (await here.forge.version("main")).commit

    made = await here.forge.resolve(await here.order(change))

    assert (made.state, made.base, made.body) == (ChangeState.OPEN, "main", "as a model says")
    assert made.branch == f"orchestrate/resolve/{change.id}-{change.head[:12]}"
    assert (await here.forge.preview(made, MergeMethod.MERGE)).conflicts == ()
    await here.forge.checkout(await here.forge.version(made.branch), tmp_path / "out")
    found = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert found == {"shop.py": "price = 5\n", "new": "n", "other": "x", "more": "m", "logo": "\0"}
    for one in (change.head, base):
        assert await here.forge.contains(made.head, one)
    assert (await here.forge.version("main")).commit == base
    assert (await here.forge.change(change.id)).head == change.head


async def test_a_resolution_is_prepared_once(here: Here) -> None:
    order = await here.order(await here.change())
    assert await here.forge.resolved(order) is None

    first = await here.forge.resolve(order)

    other = order.model_copy(update={"files": (ResolvedFile(path="shop.py", text="x\n"),)})
    assert (await here.forge.resolve(other)).head == first.head
    assert await here.forge.resolved(order) == first


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("other", "evil"),
        ("../shop.py", "evil"),
        (".github/workflows/ci.yml", "evil"),
        ("shop.py", "<<<<<<< base\n"),
        ("shop.py", "x" * 50_000),
    ],
)
async def test_what_is_no_resolution_changes_nothing(here: Here, path: str, text: str) -> None:
    order = await here.order(await here.change(), text, path)

    with pytest.raises(MergeRefused, match="no resolution"):
        await here.forge.resolve(order)

    assert await here.forge.resolved(order) is None


async def test_a_change_that_moved_is_not_resolved(here: Here) -> None:
    order = await here.order(await here.change())
    here.remote.write("feature", {"shop.py": WHOLE.format(4)}, "Again")

    with pytest.raises(HeadMoved):
        await here.forge.resolve(order)


async def test_another_base_gives_another_resolution(here: Here) -> None:
    change = await here.change()
    first = await here.forge.resolve(await here.order(change))
    here.remote.write("main", {"shop.py": WHOLE.format(9)}, "Later")

    second = await here.forge.resolve(await here.order(await here.forge.change(change.id)))

    assert second.branch == f"{first.branch}-2"
