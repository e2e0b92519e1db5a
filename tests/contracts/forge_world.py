"""A forge of any kind with a branch to merge, and a hand that writes to its repository."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrate.models.change import Change, MergeMethod, MergeOrder, NewChange, Version
from orchestrate.models.secret import Secret
from tests.servers.github import Github, github
from tests.servers.github_world import NAME, OWNER, world
from tools.memory_forge import MemoryChanges
from tools.merge import Diffs, Forge, Reverts, Source
from tools.systems.git import Git
from tools.systems.git_forge import GitForge
from tools.systems.github_account import Account, Token
from tools.systems.github_api import GithubApi
from tools.systems.github_forge import GithubForge
from tools.systems.github_git import GithubGit


class Whole(Forge, Source, Reverts, Diffs, Protocol):
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


def github_api(here: Github, token: str = "the-token") -> GithubApi:
    """A way to the local GitHub, as whom the token belongs to."""
    account = Account(repository=f"{OWNER}/{NAME}", api=here.api, proof=Token(lambda: Secret(token)))
    return GithubApi(account, pause=0)


def github_forge(here: Github, folder: Path, token: str = "the-token") -> GithubForge:
    """The forge of the local GitHub, as whom the token belongs to."""
    api = github_api(here, token)
    return GithubForge(api, GithubGit(api, folder / "mirror"), pause=0.01)


@contextmanager
def on_github(folder: Path) -> Generator[tuple[GithubForge, Github], None, None]:
    """A forge on a local GitHub, and that GitHub."""
    with github(world(folder / "served"), folder / "served") as here:
        forge = github_forge(here, folder)
        yield forge, here
        forge.close()


def ready(world: World) -> World:
    world.remote.write("main", {"readme": "shop\n", "old": "one\n"}, "Begin")
    world.remote.write("feature", {"hello": "hello\n", "old": None}, "Say hello", since="main")
    return world
