"""Answers: what Netlify's API says, as far as it is read."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import RootModel

from tools.systems.web_api import Answered

UNDER_WAY = (
    "new", "pending_review", "accepted", "enqueued", "building", "uploading", "uploaded", "preparing",
    "prepared", "processing", "processed", "retrying",
)  # fmt: skip


class Links(Answered):
    """Where a deploy answers: `permalink` shows this one for ever, other addresses move on."""

    permalink: str = ""


class Deploy(Answered):
    """One deploy of a site."""

    id: str = ""
    state: str = ""
    context: str | None = None
    commit_ref: str | None = None
    draft: bool | None = None
    skipped: bool | None = None
    locked: bool | None = None  # it is live, and no other goes live by itself
    error_message: str | None = None
    created_at: datetime = datetime.fromtimestamp(0, UTC)
    links: Links = Links()

    @property
    def commit(self) -> str:
        return self.commit_ref or ""

    @property
    def is_ready(self) -> bool:
        return self.state == "ready" and not self.skipped

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def words(self) -> str:
        return self.error_message or self.state or "no word"


class Deploys(RootModel[tuple[Deploy, ...]]):
    """Some of them, newest first."""


class Build(Answered):
    """What was begun, and the deploy that comes of it."""

    deploy_id: str | None = None


class SiteShown(Answered):
    """A site, and the deploy that it shows."""

    id: str
    name: str
    published_deploy: Deploy | None = None
