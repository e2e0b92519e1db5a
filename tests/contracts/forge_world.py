"""A forge of any kind with a branch to merge, and a hand that writes to its repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrate.models.change import Change, MergeMethod, MergeOrder, NewChange, Version
from tools.memory_forge import MemoryChanges
from tools.merge import Forge, Reverts, Source
from tools.systems.git import Git
from tools.systems.git_forge import GitForge


class Whole(Forge, Source, Reverts, Protocol):
    async def open(self, new: NewChange) -> Change: ...


class Writer(Protocol):
    def write(self, branch: str, files: Mapping[str, str | None], subject: str, since: str = "") -> str: ...


@dataclass(frozen=True)
class World:
    forge: Whole
    remote: Writer

    async def opened(self, branch: str = "feature", *, draft: bool = False, base: str = "main") -> Change:
        return await self.forge.open(
            NewChange(title="Say hello", author="ada", branch=branch, base=base, draft=draft)
        )

    async def order(self, change: Change, method: MergeMethod = MergeMethod.MERGE) -> MergeOrder:
        preview = await self.forge.preview(change, method)
        assert preview.tree is not None
        return MergeOrder(
            change=change.id,
            method=method,
            head=preview.head,
            base=preview.base,
            tree=preview.tree,
            message="Say hello (#1)",
        )

    async def tip(self) -> Version:
        return await self.forge.version("main")


def on(address: str, folder: Path) -> GitForge:
    return GitForge(Git(address, folder / "mirror"), MemoryChanges())


def ready(world: World) -> World:
    world.remote.write("main", {"readme": "shop\n", "old": "one\n"}, "Begin")
    world.remote.write("feature", {"hello": "hello\n", "old": None}, "Say hello", since="main")
    return world
