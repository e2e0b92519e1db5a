"""Images: what is said about where the image of a version is, and how its registry is asked."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.settings.tree import Document, Loc

PLACEHOLDERS = ("{version}", "{commit}", "{tree}")


def check_credentials(document: Document, loc: Loc, name: str | None, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a registry's login is no secret of the environment."""
    if name is not None and name not in secrets:
        said = f"credentials: the environment has no secret {name!r}"
        raise document.fault((*loc, "credentials"), said)


def check_image(document: Document, loc: Loc, image: str) -> None:
    """One image for each version, known by a tag whose digest is asked for."""
    if not any(word in image for word in PLACEHOLDERS):
        said = "image: expected {version}, {commit} or {tree} in it: each version has an image of its own"
        raise document.fault(loc, said, cure="image: registry.example/shop:{commit}")
    if "@" in image:
        raise document.fault(loc, "image: expected a tag; the digest is asked for and kept")
