"""Remains: what pods that did not get well wrote, and what the cluster said of them, before they vanish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from pydantic import BaseModel, ValidationError

from orchestrate.errors import OrchestrateError
from tools.provider import Say
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.pods import Pod

MOST_PODS, LINES, MOST_EVENTS, LONGEST = 3, 40, 20, 400


class About(BaseModel):
    """Of which object an event tells."""

    name: str = ""


class Happening(BaseModel):
    """As much of an event as we look at."""

    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    involvedObject: About = About()
    lastTimestamp: str | None = None
    eventTime: str | None = None

    @property
    def at(self) -> str:
        return self.lastTimestamp or self.eventTime or ""


async def newest(kubectl: Kubectl, pods: Iterable[Pod], lines: int) -> tuple[str, ...]:
    """The newest lines that pods wrote, one pod after the other."""
    said = [await kubectl.logs(one.metadata.name, lines) for one in pods]
    return tuple(line for one in said for line in one)[-lines:]


async def kept(kubectl: Kubectl, deployment: str, pods: Sequence[Pod], say: Say) -> None:
    """Say the newest lines of pods that are not well, and the warnings about them, as far as it is let."""
    ill = [pod for pod in pods if not pod.is_ready][:MOST_PODS]
    for pod in ill:
        name = pod.metadata.name
        with suppress(OrchestrateError):
            lines = await kubectl.logs(name, LINES, is_previous=True) or await kubectl.logs(name, LINES)
            for line in lines:
                say(f"{name}: {line}")
    try:
        events = await kubectl.every(Kind.EVENT)
    except OrchestrateError as refused:
        say(f"what the cluster said of {deployment} is not kept: {str(refused)[:LONGEST]}")
        return
    for line in warnings(events, deployment):
        say(line)


def warnings(events: Iterable[Json], deployment: str) -> tuple[str, ...]:
    """The newest warnings about a Deployment, its ReplicaSets and its pods, oldest first."""
    found: list[Happening] = []
    for one in events:
        with suppress(ValidationError):
            found.append(Happening.model_validate(one))
    ours = [
        one
        for one in found
        if one.type == "Warning" and f"{one.involvedObject.name}-".startswith(f"{deployment}-")
    ]
    newest = sorted(ours, key=lambda one: one.at)[-MOST_EVENTS:]
    return tuple(
        f"{one.reason} {one.involvedObject.name}: {one.message[:LONGEST]}"
        + (f" ({one.count} times)" if one.count and one.count > 1 else "")
        for one in newest
    )
