"""A local GitHub with a pull request, and our forge on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.change import Change, MergeMethod, MergeOrder
from tests.contracts.forge_world import World, on_github, ready
from tests.servers.github import Github
from tests.servers.github_world import GithubWorld
from tools.systems.github_forge import GithubForge


@dataclass(frozen=True)
class Here:
    """The forge, the GitHub it talks to, and that GitHub's world."""

    forge: GithubForge
    server: Github

    @property
    def world(self) -> GithubWorld:
        return self.server.world

    @property
    def head(self) -> str:
        return self.world.pulls[1].head

    async def change(self) -> Change:
        return await self.forge.change("1")

    async def order(self, method: MergeMethod = MergeMethod.MERGE) -> MergeOrder:
        return await World(self.forge, self.world.repository).order(await self.change(), method)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with on_github(tmp_path) as (forge, server):
        ready(World(forge, server.world.repository))
        server.world.open("Say hello", "feature", "main", author="uma")
        yield Here(forge, server)
