"""Hosts: what each provider wants of a component, and what it has no use for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrate.models.environment import Component
from orchestrate.settings.tree import Document, Loc

SECTIONS = ("docker", "custom")
PLACEHOLDERS = ("{version}", "{commit}", "{tree}")


def check_host(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where the words of a component and its provider do not fit."""
    for section in SECTIONS:
        if getattr(part, section) is not None and part.provider != section:
            said = f"{section}: the provider of {part.name} is {part.provider}"
            raise document.fault((*loc, section), said, cure=f"provider: {section}")
    if part.provider in CHECKS:
        CHECKS[part.provider](document, loc, part, secrets)


def _process(document: Document, loc: Loc, part: Component, _: Sequence[str]) -> None:
    if not part.run:
        said = f"{part.name}: missing key 'run', the words that start it"
        raise document.fault(loc, said, cure="run: [python, -m, shop]")


def _docker(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    own = part.docker
    if part.build:
        cure = "write it into the Dockerfile, or name the image that was built elsewhere"
        raise document.fault((*loc, "build"), "build: the docker provider builds a Dockerfile", cure=cure)
    if own is None:
        return
    if own.image and not any(word in own.image for word in PLACEHOLDERS):
        said = "image: expected {version}, {commit} or {tree} in it: each version has an image of its own"
        raise document.fault((*loc, "docker", "image"), said, cure="image: registry.example/shop:{commit}")
    if "@" in own.image:
        said = "image: expected a tag; the digest is asked for and kept"
        raise document.fault((*loc, "docker", "image"), said)
    if own.credentials is not None and own.credentials not in secrets:
        said = f"credentials: the environment has no secret {own.credentials!r}"
        raise document.fault((*loc, "docker", "credentials"), said)
    if not own.socket.startswith("/"):
        said = f"socket: expected a path on this machine, found {own.socket!r}"
        raise document.fault((*loc, "docker", "socket"), said, cure="socket: /var/run/docker.sock")


def _custom(document: Document, loc: Loc, part: Component, _: Sequence[str]) -> None:
    if part.custom is None:
        said = f"{part.name}: missing key 'custom', the commands that do the moves"
        raise document.fault(loc, said, cure="custom: {start: […], stop: […], status: […]}")
    for key in ("run", "build"):
        if getattr(part, key):
            said = f"{key}: the custom provider has its own commands"
            raise document.fault((*loc, key), said, cure=f"move it to custom: {{{key}: …}}")
    for name, command in part.custom.model_dump().items():
        if not command and name in ("start", "stop", "status"):
            raise document.fault((*loc, "custom", name), f"{name}: expected the words of a command")
        if command and "/" in command[0] and not Path(command[0]).is_absolute():
            said = f"{name}: expected a program's name or an absolute path, found {command[0]!r}"
            raise document.fault((*loc, "custom", name), said)
    if part.port and part.metrics.kind == "proxy" and part.custom.traffic:
        said = "metrics: the custom provider's traffic does not pass our router; name another source"
        raise document.fault((*loc, "custom"), said, cure="metrics: {kind: prometheus, url: …}")


Check = Callable[[Document, Loc, Component, Sequence[str]], None]
CHECKS: Mapping[str, Check] = {"process": _process, "docker": _docker, "custom": _custom}
