"""Hosts: what each provider wants of a component, and what it has no use for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from orchestrate.models.environment import Component
from orchestrate.models.hosts import Compose, Docker, Kubernetes, ProviderName
from orchestrate.settings.aws import check_awslambda, check_cloudfront, check_ecs
from orchestrate.settings.images import check_build, check_credentials, check_image
from orchestrate.settings.tree import Document, Loc
from orchestrate.settings.web import (
    check_cloudrun,
    check_containerapps,
    check_digitalocean,
    check_netlify,
    check_railway,
    check_vercel,
)

SECTIONS = tuple(name for name in get_args(ProviderName) if name != "process")


def check_host(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where the words of a component and its provider do not fit."""
    for section in SECTIONS:
        if getattr(part, section) is not None and part.provider != section:
            said = f"{section}: the provider of {part.name} is {part.provider}"
            raise document.fault((*loc, section), said, cure=f"provider: {section}")
    if part.metrics.kind == "cloudwatch" and part.provider != "ecs":
        said = "metrics: CloudWatch is asked about the target groups of the ecs provider alone"
        raise document.fault((*loc, "metrics"), said, cure="metrics: {kind: prometheus, url: …}")
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
    if own.image:
        check_image(document, (*loc, "docker", "image"), own.image)
    _check_engine(document, (*loc, "docker"), own, secrets)


def _compose(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    if part.compose is not None:
        _check_engine(document, (*loc, "compose"), part.compose, secrets)


def _check_engine(document: Document, loc: Loc, own: Docker | Compose, secrets: Sequence[str]) -> None:
    check_credentials(document, loc, own.credentials, secrets)
    if not own.socket.startswith("/"):
        said = f"socket: expected a path on this machine, found {own.socket!r}"
        raise document.fault((*loc, "socket"), said, cure="socket: /var/run/docker.sock")


def _kubernetes(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    own = part.kubernetes
    if own is None:
        said = f"{part.name}: missing key 'kubernetes', which names the image and the namespace"
        raise document.fault(loc, said, cure="kubernetes: {image: …, namespace: …}")
    check_build(document, loc, part)
    check_credentials(document, (*loc, "kubernetes"), own.credentials, secrets)
    if {*secrets} - {own.credentials} and not own.secret:
        said = f"{part.name}: secrets of the environment do not reach its pods"
        raise document.fault(loc, said, cure="keep them in a Secret, and name it: kubernetes: {secret: …}")
    check_image(document, (*loc, "kubernetes", "image"), own.image)
    if own.route and own.ingress:
        said = "ingress: the HTTPRoute shares the traffic already; name one of the two"
        raise document.fault((*loc, "kubernetes", "ingress"), said)
    if part.port and part.metrics.kind == "proxy":
        said = "metrics: the traffic of a Service does not pass our router; name another source"
        raise document.fault((*loc, "kubernetes"), said, cure="metrics: {kind: prometheus, url: …}")
    if own.owner:
        _handed_over(document, loc, part, own)


THEIRS = ("canary", "route", "ingress", "service", "secret", "pull_secret")
"""What the object to which a component is handed over decides, or does with its own."""


def _handed_over(document: Document, loc: Loc, part: Component, own: Kubernetes) -> None:
    for key in THEIRS:
        if getattr(own, key) and not (key == "canary" and not own.rollout):
            said = f"{key}: {own.owner} decides that; only the image is set there"
            raise document.fault((*loc, "kubernetes", key), said)
    for key in ("run", "memory_limit"):
        if getattr(part, key):
            raise document.fault((*loc, key), f"{key}: {own.owner} has it in its pods' template")
    if part.instances != 1:
        said = f"instances: how many pods there are is said in {own.owner}"
        raise document.fault((*loc, "instances"), said, cure="instances: 1")
    if part.port and part.metrics.kind == "endpoint":
        said = f"metrics: the pods of {own.owner} are not asked one by one; name another source"
        raise document.fault((*loc, "metrics"), said, cure="metrics: {kind: prometheus, url: …}")


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
CHECKS: Mapping[str, Check] = {
    "process": _process,
    "docker": _docker,
    "compose": _compose,
    "kubernetes": _kubernetes,
    "custom": _custom,
    "ecs": check_ecs,
    "awslambda": check_awslambda,
    "cloudrun": check_cloudrun,
    "vercel": check_vercel,
    "netlify": check_netlify,
    "cloudfront": check_cloudfront,
    "containerapps": check_containerapps,
    "digitalocean": check_digitalocean,
    "railway": check_railway,
}
