"""Answers: what Vercel's API says, as far as it is read."""

from __future__ import annotations

from pydantic import Field, RootModel

from tools.systems.web_api import Answered

COMMITS = ("githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha")
UNDER_WAY = ("BUILDING", "INITIALIZING", "QUEUED")


class Deployment(Answered):
    """One build of one commit, with an address of its own."""

    id: str = Field("", alias="id")
    uid: str = ""  # what a list calls its id
    url: str = ""  # its host
    target: str | None = None
    ready_state: str = ""
    error_code: str | None = None
    error_message: str | None = None
    meta: dict[str, str] = {}
    created_at: float = 0.0

    @property
    def name(self) -> str:
        return self.id or self.uid

    @property
    def commit(self) -> str:
        """Of which it was built; '' where it was built of no repository."""
        return next((self.meta[key] for key in COMMITS if key in self.meta), "")

    @property
    def is_ready(self) -> bool:
        return self.ready_state == "READY"

    @property
    def is_under_way(self) -> bool:
        return self.ready_state in UNDER_WAY

    @property
    def words(self) -> str:
        return self.error_message or self.error_code or self.ready_state


class Deployments(Answered):
    """The newest of them, newest first."""

    deployments: tuple[Deployment, ...] = ()


class Said(Answered):
    """What an event says, where it does not say so itself."""

    text: str | None = None


class Event(Answered):
    """Something that happened while a deployment was built, or since it runs."""

    created: float = 0.0  # milliseconds
    text: str | None = None
    payload: Said | None = None

    @property
    def lines(self) -> list[str]:
        return (self.text or (self.payload.text if self.payload else None) or "").splitlines()


class Events(RootModel[tuple[Event | None, ...] | None]):
    """Some of them."""


class Link(Answered):
    """The repository that a project is connected with."""

    type: str = ""
    repo_id: int | None = None
    production_branch: str = ""


class Project(Answered):
    """A project, and to which deployment its production points."""

    id: str
    name: str
    auto_assign_custom_domains: bool = True
    link: Link | None = None
    targets: dict[str, Deployment | None] = {}

    @property
    def production(self) -> Deployment | None:
        return self.targets.get("production")
