"""The thread of a pull request: what we say there, once each, found again by a hidden marker."""

from __future__ import annotations

from tools.desk import marker_of
from tools.systems.github_api import GithubApi
from tools.systems.github_shapes import Comment

_LONGEST = 60_000  # characters; GitHub takes 65,536


class GithubThread:
    """Announcer on the thread of one pull request, for one deployment."""

    def __init__(self, api: GithubApi, number: str, deployment: str) -> None:
        self._api, self._number, self._deployment = api, number, deployment

    async def announce(self, marker: str, title: str, text: str) -> None:
        hidden = marker_of(self._deployment, marker)
        said = await self._api.every(Comment, f"/issues/{self._number}/comments")
        if any(one.body.rstrip().endswith(hidden) for one in said):
            return
        body = f"**{title}**\n\n{text}"[:_LONGEST]
        words = {"body": f"{body}\n\n{hidden}"}
        await self._api.send(Comment, "POST", f"/issues/{self._number}/comments", words)
