"""Images: what is said about where the image of a version is, and how its registry is asked."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.environment import Component
from orchestrate.settings.tree import Document, Loc

PLACEHOLDERS = ("{version}", "{commit}", "{tree}")


def check_credentials(document: Document, loc: Loc, name: str | None, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a registry's login is no secret of the environment."""
    if name is not None and name not in secrets:
        said = f"credentials: the environment has no secret {name!r}"
        raise document.fault((*loc, "credentials"), said)


def check_build(document: Document, loc: Loc, part: Component) -> None:
    """Raise SettingsInvalid where a command to build is given to a provider that only takes images."""
    if part.build:
        said = f"build: the {part.provider} provider builds nothing"
        cure = "let continuous integration push the image of each commit"
        raise document.fault((*loc, "build"), said, cure=cure)


def check_image(document: Document, loc: Loc, image: str) -> None:
    """One image for each version, known by a tag whose digest is asked for."""
    if not any(word in image for word in PLACEHOLDERS):
        said = "image: expected {version}, {commit} or {tree} in it: each version has an image of its own"
        raise document.fault(loc, said, cure="image: registry.example/shop:{commit}")
    if "@" in image:
        raise document.fault(loc, "image: expected a tag; the digest is asked for and kept")
