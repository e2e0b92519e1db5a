"""A ClickUp on loopback: its API (v2), its limits, and its signed webhooks, over one workspace.

Requests and answers are held to ClickUp's published description (clickup_openapi.json).
"""

from __future__ import annotations

import email.utils
import hashlib
import hmac
import json
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from tests.servers.clickup_routes import ROUTES, Call, Refusal
from tests.servers.clickup_spec import OPENAPI
from tests.servers.clickup_world import ClickUpWorld, Hook, Json
from tests.servers.loopback import on_loopback
from tests.servers.openapi import Description, Operation

ATTEMPTS, MOST_FAILURES = 5, 100


@dataclass
class Trouble:
    """What goes wrong the next `times` times that `verb` and `path` (a pattern) are asked for."""

    verb: str
    path: str
    status: int = 0  # 0: no answer at all
    body: str = ""
    times: int = 1
    is_after: bool = False  # it is done, and the answer is lost


@dataclass
class Limit:
    """How much one token may ask: `most` in each window of `seconds`."""

    most: int = 100
    seconds: float = 60.0
    asked: dict[str, list[float]] = field(default_factory=dict[str, list[float]])  # window start, requests

    def take(self, token: str) -> tuple[bool, int, float]:
        """Whether this request is allowed, how many are left, and the seconds until there are more."""
        window = self.asked.setdefault(token, [time.monotonic(), 0])
        if time.monotonic() - window[0] >= self.seconds:
            window[:] = [time.monotonic(), 0]
        window[1] += 1
        left = self.seconds - (time.monotonic() - window[0])
        return window[1] <= self.most, max(0, self.most - int(window[1])), left


@dataclass
class ClickUp:
    """The running server: its address, its world, and what was asked of it."""

    world: ClickUpWorld
    url: str = ""
    limit: Limit = field(default_factory=Limit)
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    turned_away: int = 0
    wrong: list[str] = field(default_factory=list[str])
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    is_down: bool = False

    def count(self, verb: str, pattern: str) -> int:
        """How often it was asked."""
        return sum(one == verb and re.search(pattern, path) is not None for one, path in self.asked)

    def deliver(self, *, times: int = 1) -> list[int]:
        """Tell every webhook what happened, `times` times over; the answers that came."""
        with self.world.lock:
            events, self.world.happened = self.world.happened, []
        return [
            self._sent(hook, event)
            for event in events
            for hook in self.world.hooks.values()
            if not hook.is_suspended and (event["event"] in hook.events or "*" in hook.events)
            for _ in range(times)
        ]

    def _sent(self, hook: Hook, event: Json) -> int:
        content = json.dumps({**event, "webhook_id": hook.id}).encode()
        signature = hmac.new(hook.secret.encode(), content, hashlib.sha256).hexdigest()
        headers = {"X-Signature": signature, "Content-Type": "application/json"}
        status = 0
        for _ in range(ATTEMPTS):
            try:
                status = httpx.post(hook.endpoint, content=content, headers=headers, timeout=7).status_code
            except httpx.HTTPError:
                continue
            if status // 100 == 2:
                return status
            if status == 410:
                hook.is_suspended = True
                return status
        hook.failures += 1
        hook.is_suspended = hook.failures >= MOST_FAILURES
        return status


@cache
def description() -> Description:
    return Description(OPENAPI)


@contextmanager
def clickup(world: ClickUpWorld | None = None, limit: Limit | None = None) -> Generator[ClickUp]:
    """Serve `world`; what was not as described fails in the end."""
    here = ClickUp(world or ClickUpWorld(), limit=limit or Limit(most=100_000))
    with on_loopback(type("Handler", (ClickUpHandler,), {"here": here})) as url:
        here.url = f"{url}/api"
        yield here
    assert here.wrong == [], "\n".join(here.wrong[:5])


class ClickUpHandler(BaseHTTPRequestHandler):
    """Answers the API."""

    here: ClickUp
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.here.is_down:
            self.close_connection = True
            return
        with self.here.world.lock:
            self._answer(content)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(timestamp or self.here.world.clock(), usegmt=True)

    def _answer(self, content: bytes) -> None:
        path = urlsplit(self.path).path.removeprefix("/api")
        self.here.asked.append((self.command, path))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        is_allowed, left, seconds = self.here.limit.take(token)
        limits = {
            "X-RateLimit-Limit": str(self.here.limit.most),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(self.here.world.clock() + seconds) + 1),
        }
        if not is_allowed:
            self.here.turned_away += 1
            return self._send(429, _error("Rate limit reached", "APP_002"), limits)
        trouble = self._trouble(path)
        if trouble is not None and not trouble.is_after:
            return self._fail(trouble)
        try:
            status, answer = 200, json.dumps(self._done(path, token, content))
        except Refusal as refusal:
            status, answer = refusal.status, _error(refusal.said, refusal.code)
        return self._fail(trouble) if trouble is not None else self._send(status, answer, limits)

    def _done(self, path: str, token: str, content: bytes) -> Json:
        if not token:
            raise Refusal(400, "Authorization header required", "OAUTH_017")
        if token not in self.here.world.tokens:
            raise Refusal(401, "Token invalid", "OAUTH_025")
        found = description().operation(self.command, path)
        route = ROUTES.get((found[0].verb, found[0].path)) if found else None
        if found is None or route is None:
            self.here.wrong.append(f"{self.command} {path}: not described, or not served")
            raise Refusal(404, "Route not found", "APP_001")
        query = parse_qs(urlsplit(self.path).query)
        body = cast(Json, json.loads(content)) if content else {}
        flat = {name.removesuffix("[]"): values[-1] for name, values in query.items()}
        self._note(description().asked_wrongly(found[0], flat, body))
        params = {key: unquote(value) for key, value in found[1].items()}
        by = self.here.world.tokens[token]
        answer = route(Call(self.here.world, by, params, query, body))
        self._check(found[0], answer)
        return answer

    def _check(self, operation: Operation, answer: Json) -> None:
        schema = description().answer(operation, 200)
        self._note(tuple(description().faults(schema or {}, answer)))

    def _note(self, faults: tuple[str, ...]) -> None:
        self.here.wrong.extend(f"{self.command} {self.path}: {fault}" for fault in faults)

    def _trouble(self, path: str) -> Trouble | None:
        for one in self.here.troubles:
            if one.times > 0 and one.verb == self.command and re.search(one.path, path):
                one.times -= 1
                return one
        return None

    def _fail(self, trouble: Trouble) -> None:
        if not trouble.status:
            self.close_connection = True
            return
        self._send(trouble.status, trouble.body, {})

    def _send(self, status: int, answer: str, headers: Mapping[str, str]) -> None:
        content = answer.encode()
        self.send_response(status)
        given = {"Content-Type": "application/json; charset=utf-8", **headers}
        for name, value in (*given.items(), ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _error(said: str, code: str) -> str:
    return json.dumps({"err": said, "ECODE": code})
