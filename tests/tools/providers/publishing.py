"""Places that publish builds, in the words of a test."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from orchestrate.models.change import Version
from orchestrate.models.environment import Environment
from tests.contracts.web_worlds import IMPATIENT, in_netlify, in_vercel
from tests.servers import netlify as netlify_server
from tests.servers import vercel as vercel_server
from tests.servers.netlify import Netlify
from tests.servers.sample_service import environment
from tests.servers.vercel import Vercel
from tests.tools.providers.here import OfVendor
from tools.providers.netlify.provider import netlify_provider
from tools.providers.published import PublishedProvider
from tools.providers.vercel.provider import vercel_provider
from tools.systems.shown import Habits


class Site(Protocol):
    """A vendor that is connected with a repository."""

    token: str
    follows: bool

    def push(self, commit: str, does: str = "serve") -> None: ...
    def made(self, commit: str, context: str = "production", /) -> str: ...
    def settle(self) -> None: ...
    def publish(self, name: str) -> None: ...


V = TypeVar("V", bound=Site)


@dataclass(frozen=True)
class Words:
    """How a vendor calls things: `builds` and `publishes` are paths, the others what it or we say."""

    builds: str
    publishes: str
    site: str
    preview: str
    red: str
    follows: str
    refused: str


@dataclass
class Here(OfVendor[V]):
    """What a test says, in words."""

    words: Words
    made: Callable[[Environment, Habits], PublishedProvider]
    habits: Habits = IMPATIENT

    def provider(self) -> PublishedProvider:
        return self.made(environment(self.root, self.web, secrets=("TOKEN",)), self.habits)

    def push(self, version: Version, does: str) -> None:
        self.site.push(version.commit, does)

    def published(self) -> int:
        """How often the vendor was asked to publish a build."""
        return self.vendor.count("POST", self.words.publishes)

    def built(self) -> int:
        """How often it was asked for a build."""
        return self.vendor.count("POST", self.words.builds)


NETLIFY = Words(
    builds="/builds$",
    publishes="/restore$",
    site="/sites/",
    preview="deploy-preview",
    red="could not build v1: Build script failed: 2 tests failed",
    follows="«Stop auto publishing»",
    refused="the published deploy of",
)
VERCEL = Words(
    builds="/v13/deployments",
    publishes="/promote/",
    site="/v9/",
    preview="staging",
    red="could not build v1: 2 tests failed",
    follows="turn off «Auto-assign Custom Production Domains»",
    refused="production of shop",
)


@contextmanager
def netlify(folder: Path) -> Generator[Here[Netlify]]:
    """A site that shows what somebody published before."""

    made = _made(netlify_provider, netlify_server.TOKEN)
    with netlify_server.netlify() as (site, vendor):
        yield Here(site, vendor, folder, in_netlify(site), NETLIFY, made)


@contextmanager
def vercel(folder: Path) -> Generator[Here[Vercel]]:
    """A project to which nothing was deployed yet."""

    made = _made(vercel_provider, vercel_server.TOKEN)
    with vercel_server.vercel() as (site, vendor):
        yield Here(site, vendor, folder, in_vercel(site), VERCEL, made)


def _made(
    provider: Callable[..., PublishedProvider], token: str
) -> Callable[[Environment, Habits], PublishedProvider]:
    """How a test makes a provider that has the token, with the test's habits."""

    def secret(_: str) -> str:
        return token

    return lambda shop, habits: provider(shop, secret, habits=habits)
