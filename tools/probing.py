"""Probing: what a component answers to its health check, and which one would suit it better (W9)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.smoke import HealthCheck
from tools.fetch import LONGEST, Answer, Ask, fetch, field_of, json_of
from tools.health import trouble
from tools.reach import Reach
from tools.smoke import DEFAULTS

LOOKS = 5
"""How often the path of the settings is asked: one answer says little about how long they take."""

MARGIN = 3
"""So many times the slowest answer is a timeout that load does not reach at once."""


class Seen(Fact):
    """What a path answered; without a status nothing came."""

    path: str
    status: int | None = None
    slowest: int = 0  # ms
    problem: str = ""  # why the check of the settings would not take it
    location: str = ""
    field: tuple[str, str] | None = (
        None  # what it says of itself, where that is known to mean that it is well
    )


class Advice(Fact):
    """A value of `health` that would suit better, and why."""

    key: str
    value: str
    why: str


async def seen_at(base: str, part: Component, reach: Reach) -> tuple[Seen, ...]:
    """The path of the settings first, then those that services usually have; what fails is in the answer."""
    own = [part.health.path] if part.health.path else []
    others = [path for path in ("/health", "/ready", "/healthz") if path not in own]
    looked = [await _seen(base, part.health, path, LOOKS, reach) for path in own]
    return (*looked, *[await _seen(base, part.health, path, 1, reach) for path in others])


def advised(health: HealthCheck, seen: Sequence[Seen]) -> tuple[Advice, ...]:
    """What `health` should say, with what was seen; nothing where it fits."""
    return tuple(_advice(health, {one.path: one for one in seen}))


def _advice(health: HealthCheck, seen: Mapping[str, Seen]) -> Iterator[Advice]:
    own = seen.get(health.path)
    if own is None or own.problem:
        yield from _elsewhere(health, own, [one for one in seen.values() if one is not own])
        return
    if own.slowest * 2 > health.timeout * 1000:
        seconds = min(math.ceil(own.slowest * MARGIN / 1000), int(LONGEST))
        if seconds > health.timeout:
            why = f"it took up to {own.slowest} ms of {health.timeout} s"
            yield Advice(key="timeout", value=f"{seconds}s", why=why)
    if own.field and not health.expect:
        name, value = own.field
        yield Advice(key="expect", value=f"{{{name}: {value}}}", why="it says of itself how it is")


def _elsewhere(health: HealthCheck, own: Seen | None, others: Sequence[Seen]) -> Iterator[Advice]:
    """Another path, or status, for a check that is not met as it stands."""
    better = next((one for one in others if not one.problem), None)
    why = own.problem if own else "a connection says nothing about what answers"
    if own and own.location.startswith("/"):
        yield Advice(key="path", value=own.location, why=why)
    elif better is not None:
        yield Advice(key="path", value=better.path, why=f"{why}; {better.path} answers {better.status}")
    elif own and own.status is not None and 200 <= own.status < 300 and own.status != health.status:
        yield Advice(key="status", value=str(own.status), why=why)


async def _seen(base: str, health: HealthCheck, path: str, looks: int, reach: Reach) -> Seen:
    slowest, answer = 0, None
    for _ in range(looks):
        try:
            url = f"{base.rstrip('/')}{path}"
            answer = await fetch(Ask(url=url, seconds=LONGEST, is_enough_begun=True, reach=reach))
        except Unreachable as problem:
            return Seen(path=path, problem=str(problem))
        slowest = max(slowest, answer.ms)
    assert answer is not None
    return Seen(
        path=path,
        status=answer.status,
        slowest=slowest,
        problem=_problem(answer, health, path, slowest),
        location=urlsplit(answer.location).path,
        field=_field(answer, path),
    )


def _problem(answer: Answer, health: HealthCheck, path: str, slowest: int) -> str:
    """Why the check would not take it; a path that is not the settings' own need not have their fields."""
    if slowest > health.timeout * 1000:
        return f"{path} took {slowest} ms, longer than {health.timeout} s"
    is_own = path == health.path
    asked = health if is_own else HealthCheck(path=path, timeout=health.timeout)
    return trouble(answer, asked)


def _field(answer: Answer, path: str) -> tuple[str, str] | None:
    expected = DEFAULTS.get(path) or DEFAULTS["/health"]
    try:
        found = field_of(json_of(answer), expected[0]) if expected else None
    except Unreachable:
        return None
    return (expected[0], found) if expected and found in expected[1] else None
