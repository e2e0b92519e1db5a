"""Smoke tests: does what people use answer as it should, right after a deployment?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrate.errors import CommandFailed, OrchestrateError, Unreachable
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.smoke import (
    CacheSmoke,
    CommandSmoke,
    HealthCheck,
    HttpSmoke,
    Smoke,
    SqlSmoke,
    TcpSmoke,
    WebSocketSmoke,
)
from tools.commands import run
from tools.fetch import KIB, LONGEST, Answer, Ask, fetch, field_of, json_of
from tools.health import trouble
from tools.migrations import Target
from tools.reach import LOOPBACK, Reach
from tools.wires import cache, tcp, websocket

WELL = ("healthy", "ok", "up", "pass")  # what services say about themselves when they are
DEFAULTS: Mapping[str, tuple[str, tuple[str, ...]] | None] = {
    "/health": ("status", WELL),
    "/ready": ("ready", ("true",)),
    "/healthz": None,
    "/metrics": None,
}
"""Paths that are tried where no smoke tests are configured, with a field and its good values (V2)."""

PROBE_SECONDS = 2.0
NOWHERE = "there is no address to ask"


class HealthSmoke(HttpSmoke):
    """The component's own health check, at the public address and by its own rules: a page is no health."""

    health: HealthCheck


class SmokeResult(Fact):
    """How one smoke test ended, in one sentence."""

    name: str
    passed: bool
    sentence: str
    ms: int


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What smoke tests may use; `before` holds the values that `counted` gave before the deployment."""

    url: str
    secret: Callable[[str], str]
    target: Target | None = None
    before: Mapping[str, str] = field(default_factory=dict[str, str])
    reach: Reach = LOOPBACK


async def smoke(  # noqa: PLR0913 - one for each thing that a test may use
    check: Smoke,
    url: str,
    secret: Callable[[str], str],
    target: Target | None = None,
    before: Mapping[str, str] | None = None,
    reach: Reach = LOOPBACK,
) -> SmokeResult:
    """Run one smoke test against the base `url`; what goes wrong is the result, never raised.

    Hosts out of `reach` are not asked; without one that is all but this machine.
    """
    scene = Scene(url=url.rstrip("/"), secret=secret, target=target, before=before or {}, reach=reach)
    started = time.monotonic()
    try:
        problem, good = await _run(check, scene), True
    except OrchestrateError as failure:
        problem, good = str(failure), False
    ms = round((time.monotonic() - started) * 1000)
    return SmokeResult(name=check.name, passed=good and not problem, sentence=problem or f"in {ms} ms", ms=ms)


async def smoke_checks(component: Component, url: str, reach: Reach = LOOPBACK) -> tuple[Smoke, ...]:
    """The health check at the public address, then the configured smoke tests.

    Where none are configured, those of the default paths that the component answers (V2).
    """
    if not component.health.path:
        return component.smoke
    health = await _health_checks(component, url, reach)
    if component.smoke:
        return (*health, *component.smoke)
    others = [path for path in DEFAULTS if path != component.health.path]
    found = await asyncio.gather(*(_default(url, path, reach) for path in others))
    return (*health, *(check for check in found if check is not None))


async def counted(checks: tuple[Smoke, ...], target: Target | None) -> dict[str, str]:
    """The values that may not differ after the deployment, by the name of their smoke test."""
    wanted = [check for check in checks if isinstance(check, SqlSmoke) and check.unchanged]
    return {check.name: await _value(target, check.query) for check in wanted if target is not None}


async def _value(target: Target, query: str) -> str:
    try:
        async with asyncio.timeout(LONGEST):
            value = await target.value(query)
    except TimeoutError:
        raise Unreachable(f"the query took longer than {LONGEST:g} s") from None
    if len(value) > 64 * KIB:
        raise Unreachable("the query gives more than 64 KiB")
    return value


async def _run(check: Smoke, scene: Scene) -> str:
    """Why the test fails; '' when it passes. Raises OrchestrateError when it cannot be made."""
    match check:
        case HttpSmoke():
            return await _http(check, scene)
        case TcpSmoke():
            return await tcp(check, scene.reach)
        case SqlSmoke():
            return await _sql(check, scene)
        case CommandSmoke():
            return await _command(check, scene)
        case WebSocketSmoke():
            return await websocket(check, scene.url, scene.reach) if scene.url else NOWHERE
        case CacheSmoke():
            return await cache(check, scene.reach, scene.secret)


async def _http(check: HttpSmoke, scene: Scene) -> str:
    base = (check.url or scene.url).rstrip("/")
    if not base:
        return NOWHERE
    token = scene.secret(check.secret) if check.secret else ""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if check.send is not None:
        headers["content-type"] = "application/json" if _is_json(check.send) else "text/plain"
    ask = Ask(
        url=f"{base}{check.path}",
        method=check.method,
        headers=headers,
        body=check.send,
        seconds=check.within / 1000,
        is_enough_begun=True,
        reach=scene.reach,
    )
    found = _differs(check, await fetch(ask))
    return found.replace(token, "•••") if token else found


def _differs(check: HttpSmoke, answer: Answer) -> str:
    if isinstance(check, HealthSmoke):
        return trouble(answer, check.health)
    asked = f"{check.method} {check.path}"
    if answer.status != check.status:
        leads = f", to {answer.location}" if answer.location else ""
        return f"{asked} answered {answer.status}{leads} instead of {check.status}"
    if check.body is not None and check.body not in answer.text:
        where = f" in its first {len(answer.body) // KIB} KiB" if answer.is_cut else ""
        return f"{asked} does not contain {check.body!r}{where}"
    if check.json_path is None:
        return ""
    value = field_of(json_of(answer), check.json_path)
    if value is None:
        return f"{asked} has no {check.json_path}"
    if check.equals is not None and value != check.equals:
        return f"{asked} has {check.json_path}={value[:100]} instead of {check.equals}"
    return ""


async def _sql(check: SqlSmoke, scene: Scene) -> str:
    if scene.target is None:
        return "there is no database to ask"
    value = await _value(scene.target, check.query)
    if check.equals is not None and value != check.equals:
        return f"the query gives {value[:100]} instead of {check.equals}"
    if check.at_least is not None and not _reaches(value, check.at_least):
        return f"the query gives {value[:100]}, at least {check.at_least} is expected"
    if not check.unchanged:
        return ""
    if check.name not in scene.before:
        return "there is no value from before the deployment to compare with"
    before = scene.before[check.name]
    return "" if value == before else f"the query gives {value[:100]}; before the deployment it was {before}"


async def _command(check: CommandSmoke, scene: Scene) -> str:
    """`{url}` in a word is the base URL."""
    argv = [word.replace("{url}", scene.url) for word in check.argv]
    output = await run(argv, timeout=check.within / 1000, cap=64 * KIB)
    return "" if output.code == 0 else str(CommandFailed(argv, output.code, output.complaint))


async def _health_checks(component: Component, url: str, reach: Reach) -> tuple[Smoke, ...]:
    """The component's own health check, which must be answered; with a default's field where it fits."""
    health = component.health
    ask = HttpSmoke(name=f"GET {health.path}", path=health.path, status=health.status)
    own = HealthSmoke(name=ask.name, path=ask.path, status=ask.status, health=health)
    if health.expect:
        return tuple(
            ask.model_copy(update={"name": f"{ask.name} {name}", "json_path": name, "equals": value})
            for name, value in health.expect.items()
        )
    if health.path in DEFAULTS and health.status == 200:
        default = await _default(url, health.path, reach)
        return (default if default and default.json_path else own,)
    return (own,)


async def _default(url: str, path: str, reach: Reach) -> HttpSmoke | None:
    """The check of a default path; None where the component has no such path."""
    check = HttpSmoke(name=f"GET {path}", path=path)
    try:
        where = f"{url.rstrip('/')}{path}"
        answer = await fetch(Ask(url=where, seconds=PROBE_SECONDS, is_enough_begun=True, reach=reach))
    except Unreachable:
        return None
    if answer.status < 200 or 300 <= answer.status < 500 or answer.status == 501 or answer.is_html:
        return None
    expected = DEFAULTS[path]
    found = _field(answer, expected[0]) if expected else None
    if expected is None or found is None:
        return check
    wanted = found if found in expected[1] else expected[1][0]
    return check.model_copy(update={"json_path": expected[0], "equals": wanted})


def _field(answer: Answer, name: str) -> str | None:
    try:
        return field_of(json_of(answer), name)
    except Unreachable:
        return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _reaches(value: str, least: int) -> bool:
    try:
        return float(value) >= least
    except ValueError:
        return False
