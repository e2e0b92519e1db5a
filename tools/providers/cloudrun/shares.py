"""Shares: the traffic of a service as it is asked, as it is in force, and as it is sent."""

from __future__ import annotations

from tools.providers.cloudrun.answers import Allocation, Service, Target, short
from tools.providers.revisions import Part, Parts, merged
from tools.systems.web_api import Json


def pinned(service: Service) -> Parts:
    """What is asked now, every part by the name of its revision.

    A part that goes to the latest revision would go to the next one by itself, as soon as that is ready.
    """
    latest = short(service.latest_ready_revision)
    asked = service.traffic or (Target(type=Allocation.LATEST, percent=100),)
    by_name = (_named(one, latest) for one in asked)
    return merged(one for one in by_name if one.revision)


def in_force(service: Service) -> Parts:
    """What is in force, every part by the name of its revision."""
    latest = short(service.latest_ready_revision)
    return merged(_named(one, latest) for one in service.traffic_statuses)


def sent(parts: Parts) -> list[Json]:
    """As they are sent."""
    return [_sent(one) for one in parts]


def _sent(part: Part) -> Json:
    told: Json = {"type": Allocation.REVISION.value, "revision": part.revision, "percent": part.percent}
    return {**told, **({"tag": part.tag} if part.tag else {})}


def _named(target: Target, latest: str) -> Part:
    return Part(revision=short(target.revision) or latest, percent=target.percent, tag=target.tag)
