"""Health: does one instance answer as its component promises?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from orchestrate.errors import Unreachable
from orchestrate.models.fact import Fact
from orchestrate.models.smoke import HealthCheck
from tools.fetch import KIB, LONGEST, Answer, Ask, fetch, field_of, json_of
from tools.reach import LOOPBACK, Reach, connected

HERE = ("127.0.0.1", "localhost")


class Health(Fact):
    """What one look at an instance found."""

    ok: bool
    status: int | None = None  # HTTP status, when there was an answer
    ms: int
    detail: str = ""  # why it is not well


async def check(address: str, health: HealthCheck, reach: Reach = LOOPBACK) -> Health:
    """Ask the instance at `address` (host:port) once, with GET, within `health.timeout` seconds.

    Without a path, a connection that opens is enough. Hosts out of `reach` are not asked. What goes wrong
    is in the answer, never raised.
    """
    if not health.path:
        return await _connected(address, health.timeout, reach)
    started = time.monotonic()
    try:
        url = f"http://{address}{health.path}"
        answer = await fetch(Ask(url=url, seconds=health.timeout, reach=reach, is_enough_begun=True))
    except Unreachable as problem:
        return Health(ok=False, ms=_ms(started), detail=str(problem))
    detail = trouble(answer, health)
    return Health(ok=not detail, status=answer.status, ms=answer.ms, detail=detail)


async def trouble_at(url: str, health: HealthCheck, headers: Mapping[str, str]) -> str:
    """What is wrong with what the base address `url` answers from afar; '' when nothing is."""
    try:
        ask = Ask(url=f"{url}{health.path}", headers=headers, seconds=health.timeout, is_enough_begun=True)
        return trouble(await fetch(ask), health)
    except Unreachable as problem:
        return str(problem)


def address_of(host: str) -> str:
    """The base address of a vendor's host, which may have a port and a path."""
    return f"{'http' if host.partition(':')[0] in HERE else 'https'}://{host}"


def trouble(answer: Answer, health: HealthCheck) -> str:
    """What is wrong with an answer, in a few words; '' when nothing is."""
    if 300 <= answer.status < 400 and answer.status != health.status:
        return f"{health.path} redirects to {answer.location or 'nowhere'} ({answer.status})"
    if answer.status != health.status:
        return f"{health.path} answered {answer.status} instead of {health.status}"
    if answer.is_html and not health.path.partition("?")[0].endswith(("/", ".html", ".htm")):
        return f"{health.path} answered an HTML page"
    if answer.is_cut:
        return f"{health.path} answered more than {Ask.cap // KIB} KiB"
    return _wrong_field(answer, health)


def _wrong_field(answer: Answer, health: HealthCheck) -> str:
    if not health.expect:
        return ""
    try:
        data = json_of(answer)
    except Unreachable as problem:
        return f"{health.path} {problem}"
    for name, wanted in health.expect.items():
        found = field_of(data, name)
        if found != wanted:
            return f"{health.path} answered {name}={_shown(found)} instead of {wanted}"
    return ""


async def _connected(address: str, seconds: float, reach: Reach) -> Health:
    host, _, port = address.rpartition(":")
    started = time.monotonic()
    try:
        async with asyncio.timeout(min(seconds, LONGEST)):
            _, writer = await connected(host.strip("[]"), int(port), reach)
    except (OSError, ValueError, OverflowError, Unreachable) as problem:
        detail = f"no connection to {address}: {str(problem) or 'no answer'}"
        return Health(ok=False, ms=_ms(started), detail=detail)
    writer.close()
    return Health(ok=True, ms=_ms(started))


def _shown(found: str | None) -> str:
    return "nothing" if found is None else found[:100]


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
