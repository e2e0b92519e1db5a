"""A place that publishes builds, in the words of a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from orchestrate.models.change import Version
from orchestrate.models.environment import Environment
from tests.servers.sample_service import environment
from tests.tools.providers.here import OfVendor
from tools.providers.published import PublishedProvider


class Pushes(Protocol):
    """A vendor that is connected with a repository."""

    def push(self, commit: str, does: str = "serve") -> None: ...


V = TypeVar("V", bound=Pushes)


@dataclass
class Here(OfVendor[V]):
    """What a test says, in words."""

    made: Callable[[Environment], PublishedProvider]

    def provider(self) -> PublishedProvider:
        return self.made(environment(self.root, self.web, secrets=("TOKEN",)))

    def push(self, version: Version, does: str) -> None:
        self.site.push(version.commit, does)
