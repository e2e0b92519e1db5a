"""What GitHub sends to us: the repository's webhooks, and how the newest delivery of each ended."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from tools.systems.github_api import GithubApi

EVENTS = ("check_run", "check_suite", "status", "pull_request", "pull_request_review", "push")
"""What has to wake us; everything else is of no use."""


class Sent(BaseModel):
    """How the newest delivery ended; nothing was sent where there is no code."""

    code: int | None = None
    message: str | None = None


class Config(BaseModel):
    """Where a webhook leads, and how its body is written."""

    url: str = ""
    content_type: str = ""


class Hook(BaseModel):
    """A webhook of the repository."""

    active: bool
    events: list[str]
    config: Config
    last_response: Sent = Sent()

    @property
    def lacking(self) -> Sequence[str]:
        """The events that we need, and that it does not send."""
        return [] if "*" in self.events else [one for one in EVENTS if one not in self.events]


async def hooks(api: GithubApi) -> tuple[Hook, ...]:
    """All of them. Raises AccessDenied or UnknownPage where our account may not see them."""
    return await api.every(Hook, "/hooks")
