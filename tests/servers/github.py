"""A GitHub on loopback: the REST and GraphQL calls that we use, and its git, over one real repository.

Requests and answers are held to GitHub's published descriptions (github_openapi.json, github_schema.graphql).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.git_http import GitHandler
from tests.servers.github_graph import graph
from tests.servers.github_more import MORE, app_of
from tests.servers.github_routes import ROUTES, Call, Json, Refusal
from tests.servers.github_spec import GRAPHQL, OPENAPI
from tests.servers.github_world import NAME, OWNER, GithubWorld
from tests.servers.graphql import Schema
from tests.servers.loopback import on_loopback
from tests.servers.openapi import Description, Operation

_API = "/api/v3"


@dataclass
class Trouble:
    """What goes wrong the next `times` times that `verb` and `path` (a pattern) are asked for."""

    verb: str
    path: str
    status: int
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    times: int = 1
    is_after: bool = False  # it is done, and the answer is lost


@dataclass
class Github:
    """The running server: its address, its world, and what was asked of it."""

    world: GithubWorld
    url: str
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    wrong: list[str] = field(default_factory=list[str])
    troubles: list[Trouble] = field(default_factory=list[Trouble])

    @property
    def api(self) -> str:
        return f"{self.url}{_API}"

    def count(self, verb: str, pattern: str) -> int:
        """How often it was asked."""
        return sum(one == verb and re.search(pattern, path) is not None for one, path in self.asked)


@cache
def description() -> Description:
    return Description(OPENAPI)


@cache
def schema() -> Schema:
    return Schema(GRAPHQL)


@contextmanager
def github(world: GithubWorld, root: Path) -> Generator[Github, None, None]:
    """Serve `world`, whose repository lies below `root`; what was not as described fails in the end."""
    here = Github(world, "")
    with on_loopback(type("Handler", (GithubHandler,), {"root": root, "here": here})) as url:
        here.url = url
        yield here
    assert not here.wrong, "; ".join(here.wrong)


class GithubHandler(GitHandler):
    """Answers the API itself, and lets git answer for its repository."""

    here: Github
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def _answer(self, body: bytes) -> None:
        if self.path.startswith("/api/"):
            with self.here.world.lock:
                self.here.world.seen()
                self._api(body)
        elif self.path.startswith("/logs/"):
            self._log()
        elif self._login():
            with self.here.world.lock:
                self.here.world.seen()
            super()._answer(body)
        else:
            self._send(401, {}, {"WWW-Authenticate": 'Basic realm="GitHub"'})

    def _api(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        self.here.asked.append((self.command, path))
        trouble = self._trouble(path)
        if trouble is not None and not trouble.is_after:
            return self._send(trouble.status, trouble.body, trouble.headers)
        try:
            status, answer = self._done(path, json.loads(body) if body else {})
        except Refusal as refusal:
            status, answer = refusal.status, {"message": refusal.message, "documentation_url": "https://docs"}
        if trouble is not None:
            return self._send(trouble.status, trouble.body, trouble.headers)
        scopes = {"X-OAuth-Scopes": said} if (said := self.here.world.scopes) is not None else {}
        return self._send(status, answer, {"Location": str(answer)} if status == 302 else scopes)

    def _log(self) -> None:
        """What the signed address of a log gives; a token has no business there."""
        url, world = urlsplit(self.path), self.here.world
        if url.query != f"sig={world.log_signature}" or "Authorization" in self.headers:
            return self._send(403, {}, {})
        content = world.logs[int(url.path.rpartition("/")[2])].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None

    def _done(self, path: str, body: Json) -> tuple[int, object]:
        login = self._login()
        if not login:
            raise Refusal(401, "Bad credentials")
        if path == "/api/graphql":
            return 200, self._graph(login, body)
        found = description().operation(self.command, path.removeprefix(_API))
        route = {**ROUTES, **MORE}.get((found[0].verb, found[0].path)) if found else None
        if found is None or route is None:
            self.here.wrong.append(f"{self.command} {path}: not described, or not served")
            raise Refusal(404, "Not Found")
        operation, params = found[0], {key: unquote(value) for key, value in found[1].items()}
        query = dict(parse_qsl(urlsplit(self.path).query))
        self._note(description().asked_wrongly(operation, query, body))
        if "repo" in params and (params["owner"], params["repo"]) != (OWNER, NAME):
            raise Refusal(404, "Not Found")
        status, values = route(Call(self.here.world, login, self.here.url, params, query, body))
        return status, self._shaped(operation, status, values)

    def _graph(self, login: str, body: Json) -> Json:
        call = Call(self.here.world, login, self.here.url, {}, {}, {})
        variables = cast(Json, body.get("variables") or {})
        try:
            return {"data": schema().answer(str(body["query"]), variables, graph(call))}
        except Refusal as refusal:
            return {"errors": [{"type": "UNPROCESSABLE", "message": refusal.message}]}
        except (AssertionError, KeyError, StopIteration) as problem:
            self._note((f"graphql: {problem!r}",))
            return {"errors": [{"message": str(problem)}]}

    def _shaped(self, operation: Operation, status: int, values: object) -> object:
        """The answer with all that the description demands."""
        found = description().answer(operation, status)
        if status == 302:
            return values
        if found is None:
            self._note((f"{operation.verb} {operation.path}: answers {status}, which is not described",))
            return values
        answer = description().least(found, values)
        self._note(tuple(description().faults(found, answer)))
        return answer

    def _note(self, faults: tuple[str, ...]) -> None:
        self.here.wrong.extend(f"{self.command} {self.path}: {fault}" for fault in faults)

    def _trouble(self, path: str) -> Trouble | None:
        for one in self.here.troubles:
            if one.times > 0 and one.verb == self.command and re.search(one.path, path):
                one.times -= 1
                return one
        return None

    def _login(self) -> str:
        """Who asks: by token, or by basic authentication as git does it."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            token = base64.b64decode(token).decode().partition(":")[2]
        return self.here.world.tokens.get(token) or app_of(self.here.world, token)

    def _send(self, status: int, answer: object, headers: Mapping[str, str]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        given = {"Content-Type": "application/json; charset=utf-8", "X-RateLimit-Limit": "5000", **headers}
        for name, value in (*given.items(), ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
