"""A vendor's HTTP API on loopback: held to its description, with tokens, troubles and answers that lag."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.loopback import on_loopback
from tests.servers.openapi import Description, Json, Operation


class Refusal(Exception):
    """The vendor says no, with this status and these words."""

    def __init__(self, status: int, said: str, code: str = "") -> None:
        self.status, self.said, self.code = status, said, code
        super().__init__(said)


@dataclass
class Pending:
    """What a vendor has begun, and what is done some questions later."""

    turns: int = 2  # questions until something is done
    _pending: list[tuple[int, Callable[[], None]]] = field(
        default_factory=list[tuple[int, Callable[[], None]]]
    )

    def later(self, done: Callable[[], None]) -> None:
        """It is begun."""
        self._pending.append((self.turns, done))

    def settle(self) -> None:
        """Everything that goes on is over."""
        while self._pending:
            self.turn()

    def turn(self) -> None:
        """Some time goes by."""
        self._pending = [(left - 1, done) for left, done in self._pending]
        over = [done for left, done in self._pending if left <= 0]
        self._pending = [(left, done) for left, done in self._pending if left > 0]
        for done in over:
            done()


@dataclass
class Trouble:
    """What goes wrong the next `times` times that `verb` and `path` (a pattern) are asked for."""

    verb: str
    path: str
    status: int = 0  # 0: no answer at all
    times: int = 1
    is_after: bool = False  # it is done, and the answer is lost
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = ""  # a pattern of what is sent
    said: str = "the service is in trouble"
    before: Callable[[], None] | None = None  # what somebody else does in that very moment


@dataclass(frozen=True)
class Call:
    """A request that is as described."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    headers: dict[str, str] = field(default_factory=dict[str, str])  # of the answer


@dataclass(frozen=True)
class Plain:
    """An answer outside of the description: of a registry, a token's giver, the deployed program."""

    status: int = 200
    body: Json = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Route = Callable[[Call], Json]
Outside = Callable[[str, str, str], Plain | None]
"""Answers (verb, path, body) beside the API; None: that is no place of mine."""


@dataclass
class Vendor:
    """One running API: what it answers, what goes wrong, and what was asked of it."""

    description: Description
    routes: Mapping[tuple[str, str], Route]
    error: Callable[[Refusal], Json]
    outside: Outside = lambda verb, path, body: None  # noqa: E731, ARG005
    is_known: Callable[[str], bool] = lambda token: True  # noqa: E731, ARG005
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    url: str = ""
    lag: int = 0  # how often a place is shown as it was, after something was written
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    wrong: list[str] = field(default_factory=list[str])
    lock: threading.RLock = field(default_factory=threading.RLock)
    told: Mapping[str, str] = field(default_factory=dict[str, str])  # headers of the answer
    _shown: dict[str, tuple[int, Json]] = field(default_factory=dict[str, tuple[int, Json]])
    _old: dict[str, list[tuple[int, Json]]] = field(default_factory=dict[str, list[tuple[int, Json]]])

    def count(self, verb: str, pattern: str) -> int:
        """How often it was asked."""
        return sum(one == verb and re.search(pattern, path) is not None for one, path in self.asked)

    def answer(self, verb: str, target: str, content: str, token: str) -> tuple[int, Json]:
        """What is answered, held to the description."""
        self.told = {}
        if verb == "GET" and self._old.get(target):
            return self._old[target].pop()
        try:
            status, said = self._answered(verb, target, content, token)
        except Refusal as refusal:
            status, said = refusal.status, self.error(refusal)
        if verb == "GET":
            self._shown[target] = status, said
        elif status < 300:
            self._old = {place: [shown] * self.lag for place, shown in self._shown.items()}
        return status, said

    def _answered(self, verb: str, target: str, content: str, token: str) -> tuple[int, Json]:
        path = urlsplit(target).path
        if not self.is_known(token):
            raise Refusal(401, "the credentials are not valid", "UNAUTHENTICATED")
        found = self.description.operation(verb, path)
        route = self.routes.get((found[0].verb, found[0].path)) if found else None
        if found is None or route is None:
            self.wrong.append(f"{verb} {path}: not described, or not served")
            raise Refusal(404, "no such method", "NOT_FOUND")
        query = dict(parse_qsl(urlsplit(target).query))
        body = cast(Json, json.loads(content)) if content else {}
        self._note(verb, path, self.description.asked_wrongly(found[0], query, body))
        params = {name: unquote(value) for name, value in found[1].items()}
        status = self.statuses.get((found[0].verb, found[0].path), 200)
        call = Call(params, query, body)
        self.told = call.headers
        try:
            said = route(call)
        except Refusal as refusal:
            self._check(found[0], refusal.status, path, self.error(refusal))
            raise
        self._check(found[0], status, path, said)
        return status, said

    def _check(self, operation: Operation, status: int, path: str, said: Json) -> None:
        schema = self.description.answer(operation, status)
        if schema is None:
            self.wrong.append(f"{operation.verb} {path}: {status} is no described answer")
        elif schema:
            self._note(operation.verb, path, tuple(self.description.faults(schema, said)))

    def _note(self, verb: str, path: str, faults: tuple[str, ...]) -> None:
        self.wrong.extend(f"{verb} {path}: {fault}" for fault in faults)

    def trouble(self, verb: str, path: str, content: str) -> Trouble | None:
        """The next one, which is used up by that."""
        for one in self.troubles:
            is_it = one.verb == verb and re.search(one.path, path) and re.search(one.body, content)
            if one.times > 0 and is_it:
                one.times -= 1
                return one
        return None


class VendorHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    here: Vendor
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with self.here.lock:
            self._answer(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""

    def _answer(self, content: str) -> None:
        path = urlsplit(self.path).path
        self.here.asked.append((self.command, self.path))
        self.here.headers.append(dict(self.headers.items()))
        plain = self.here.outside(self.command, path, content)
        if plain is not None:
            return self._send(plain.status, plain.body, plain.headers)
        trouble = self.here.trouble(self.command, self.path, content)
        if trouble is not None and trouble.before is not None:
            trouble.before()
        elif trouble is not None and not trouble.is_after:
            return self._fail(trouble)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, said = self.here.answer(self.command, self.path, content, token)
        if trouble is not None and trouble.is_after:
            return self._fail(trouble)
        return self._send(status, said, self.here.told)

    def _fail(self, trouble: Trouble) -> None:
        if not trouble.status:
            self.close_connection = True
            return
        refusal = Refusal(trouble.status, trouble.said, "UNAVAILABLE")
        self._send(trouble.status, self.here.error(refusal), trouble.headers)

    def _send(self, status: int, said: Json, headers: Mapping[str, str]) -> None:
        content = json.dumps(said).encode() if said or status < 300 else b""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serving(vendor: Vendor) -> Generator[Vendor]:
    """On a free port of this machine; what was not as described fails in the end."""
    with on_loopback(type("Handler", (VendorHandler,), {"here": vendor})) as url:
        vendor.url = url
        yield vendor
    assert vendor.wrong == [], "\n".join(vendor.wrong[:5])
