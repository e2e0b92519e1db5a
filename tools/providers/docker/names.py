"""Names: how an image of a version is called in a registry, and what it says about itself."""

from __future__ import annotations

import json
from typing import cast

from orchestrate.errors import DigestDiffers, OutsideFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from tools.provider import Say
from tools.providers.docker.containers import docker_of
from tools.providers.fleet.placeholders import filled, values_of

REVISION = "org.opencontainers.image.revision"


def tagged(component: Component, version: Version) -> str:
    """Under which name the registry has the version's image."""
    return filled(docker_of(component).image, values_of(version))


def at_digest(tag: str, digest: str) -> str:
    name, colon, last = tag.rpartition(":")
    return f"{name if colon and '/' not in last else tag}@{digest}"


def refuse_another_revision(
    component: Component, version: Version, tag: str, about: dict[str, object]
) -> None:
    """An image that says of which commit it was made, and says another one than its tag, is refused."""
    config = cast("dict[str, dict[str, str] | None]", about.get("Config") or {})
    said = (config.get("Labels") or {}).get(REVISION, "")
    docker = docker_of(component)
    if docker.revision and "{commit}" in docker.image and said and said != version.commit:
        cure = "push the right image under this tag, or set `revision: false`"
        raise DigestDiffers(
            f"{tag} says that it was made of {said[:12]}, not {version.commit[:12]}", cure=cure
        )


def told(line: bytes, said: list[str], say: Say) -> None:
    """One line of the engine's progress. Raises OutsideFailed where it is the end of it."""
    try:
        words = cast("dict[str, object]", json.loads(line))
    except ValueError:
        return
    if "error" in words:
        raise OutsideFailed(str(words["error"]).strip()[:2000])
    for text in str(words.get("stream", "")).splitlines():
        if text.strip():
            said.append(text[:2000])
            say(text[:2000])
