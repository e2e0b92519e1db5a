"""Proven: what ran and passed in the environment before, and how this one's artifact is held against it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.hosts import Compose, Docker
from orchestrate.models.runtime import Artifact


class Sameness(StrEnum):
    """How it is known that two environments run the same; only what is exact is called the same."""

    DIGEST = "digest"  # by the digest that both know it by
    REUSED = "reused"  # built there, and taken from where both keep what they build
    FILES = "files"  # nothing is built: the digest over all files
    TREE = "tree"  # built again from the same tree
    UNTOLD = "untold"  # nothing is known of what ran there


SAYS: Mapping[Sameness, str] = {
    Sameness.DIGEST: "exactly this, by its digest",
    Sameness.REUSED: "this itself, from the engine or bucket that both use",
    Sameness.FILES: "the same files, by the digest over all of them",
    Sameness.TREE: "built again from the same tree: what comes of it is not compared",
    Sameness.UNTOLD: "which artifact ran there is not known, so it is not compared",
}


class Proven(Fact):
    """What one component was in the environment before, where its version was verified."""

    component: str
    environment: str
    deployment: str
    commit: str = ""  # that ran there; a merge gives the same tree another one
    digest: str = ""
    location: str = ""
    sameness: Sameness = Sameness.UNTOLD

    @property
    def is_exact(self) -> bool:
        """Whether another digest is a reason to refuse."""
        return self.sameness not in (Sameness.TREE, Sameness.UNTOLD)

    def is_renamed(self, version: Version) -> bool:
        """Whether a merge gave the same tree another commit, whose own image would be another one."""
        return self.sameness is Sameness.DIGEST and self.commit != version.commit

    def is_adopted_as(self, version: Version) -> bool:
        """Whether it is not asked for by the version's own name: that would build, or name, another one."""
        return self.sameness is Sameness.REUSED or self.is_renamed(version)

    @property
    def words(self) -> str:
        ran = f"{self.digest} in {self.environment}; " if self.digest else f"in {self.environment}: "
        return f"{self.component}: {ran}{SAYS[self.sameness]}"

    def objection(self, digest: str) -> str:
        """Why an artifact with this digest is not what was proven; or ''."""
        if not self.is_exact or digest == self.digest:
            return ""
        return f"{self.component}: {self.environment} ran {self.digest}, and here this version is {digest}"


def sameness(ran: Artifact, before: Component, here: Component) -> Sameness:
    """How what ran as `before` can be held against what will run as `here`."""
    is_pulled = ran.location.endswith(f"@{ran.digest}")
    if is_pulled and _takes_from_a_registry(here):
        return Sameness.DIGEST
    if before.provider != here.provider:
        return Sameness.TREE
    if here.custom is not None and before.custom is not None:
        has_both = bool(here.custom.artifact and before.custom.artifact)
        return Sameness.DIGEST if has_both else Sameness.TREE
    keeps = here.provider in ("docker", "compose", "cloudfront") and not is_pulled
    if keeps and _keeper(before) == _keeper(here):
        return Sameness.REUSED
    is_built = bool(before.build or here.build)
    is_of_files = here.provider in ("process", "cloudfront")
    return Sameness.FILES if is_of_files and not is_built else Sameness.TREE


def _takes_from_a_registry(part: Component) -> bool:
    able = abilities_of(part)
    is_said_by_its_file = part.provider == "compose"
    return able.does(Ability.DIGEST) and (is_said_by_its_file or not able.does(Ability.BUILD))


def _keeper(part: Component) -> str:
    """The bucket, or the engine's socket, that has what is built; '' where a registry has it."""
    if part.cloudfront is not None:
        return f"{part.cloudfront.bucket}/{part.cloudfront.prefix}"
    if part.provider == "compose":
        return (part.compose or Compose()).socket
    docker = part.docker or Docker()
    return "" if docker.image else docker.socket
