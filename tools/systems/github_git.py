"""GitHub's git: a mirror whose every word to GitHub carries a token that is still good."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import Unreachable
from tools.systems.git import Git, Push
from tools.systems.github_api import GithubApi


class GithubGit(Git):
    """A mirror of one repository on GitHub."""

    def __init__(self, api: GithubApi, mirror: Path) -> None:
        super().__init__(api.account.remote, mirror)
        self._api = api

    async def fetch(self) -> None:
        await self._signed()
        await super().fetch()

    async def push(self, commit: str, branch: str) -> Push:
        await self._signed()
        return await super().push(commit, branch)

    async def fetch_pull(self, number: str) -> None:
        """The head of a pull request, which may be in somebody's copy. Raises Unreachable."""
        await self._signed()
        refs = f"+refs/pull/{number}/head:refs/orchestrate/pull/{number}"
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        async with self._alone():
            got = await self.output("fetch", *options, "origin", refs)
        if got.code != 0:
            raise Unreachable(f"the head of pull request {number} cannot be fetched: {got.complaint}")

    async def _signed(self) -> None:
        self.remote = self._api.account.remote_with(await self._api.token()).reveal()
