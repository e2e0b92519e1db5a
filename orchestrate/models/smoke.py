"""Checks of what runs: whether an instance is well, and what is tried once a version has its place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from orchestrate.models.fact import Fact

PATH = r"^/[^\s\\]*$"  # what does not start with a slash would be read as part of the host
PATH_OR_NOTHING = r"^(/[^\s\\]*)?$"
ADDRESS = r"^https?://[^\s/@\\?#]+/?$"
Below = Annotated[str, Field(pattern=PATH)]
"""A path below an address."""

CheckMilliseconds = Annotated[int, Field(gt=0, le=10_000)]
"""How long a check over the network may take; no answer that takes longer is a good one."""


class HealthCheck(Fact):
    """A request that tells whether one instance is well. `expect` names JSON fields and their values."""

    path: Annotated[str, Field(pattern=PATH_OR_NOTHING)] = "/health"  # "": a connection is enough
    status: int = 200
    expect: dict[str, str] = {}
    timeout: Annotated[int, Field(gt=0, le=10)] = 2  # seconds
    retries: PositiveInt = 3  # failures in a row that count as unhealthy
    start_seconds: PositiveInt = 30  # how long a new instance may take to become healthy


class HttpSmoke(Fact):
    """An HTTP request with an expected answer. `secret` names a secret sent as a bearer token."""

    kind: Literal["http"] = "http"
    name: str
    path: Below
    url: Annotated[str, Field(pattern=ADDRESS)] | None = None  # another service instead of this one
    method: str = "GET"
    status: int = 200
    body: str | None = None  # text that the answer contains
    json_path: str | None = None  # dotted path into the answer, e.g. items.0.id
    equals: str | None = None  # the expected value at json_path, as text
    within: CheckMilliseconds = 2000
    secret: str | None = None
    send: str | None = None  # request body


class TcpSmoke(Fact):
    """A TCP connection that must open."""

    kind: Literal["tcp"] = "tcp"
    name: str
    host: str
    port: PositiveInt
    within: CheckMilliseconds = 2000


class CacheSmoke(Fact):
    """A cache that speaks as Redis does: it must answer, and have `equals` at `key` where that is given."""

    kind: Literal["cache"] = "cache"
    name: str
    host: str
    port: Annotated[int, Field(gt=0, le=65_535)] = 6379
    key: str | None = None
    equals: str | None = None
    within: CheckMilliseconds = 2000
    secret: str | None = None  # the password, by name


class SqlSmoke(Fact):
    """A query with an expected first value."""

    kind: Literal["sql"] = "sql"
    name: str
    query: str
    equals: str | None = None
    at_least: int | None = None
    unchanged: bool = False  # the value may not differ from before the deployment


class CommandSmoke(Fact):
    """A command that must end with 0."""

    kind: Literal["command"] = "command"
    name: str
    argv: tuple[str, ...]
    within: PositiveInt = 60_000


class WebSocketSmoke(Fact):
    """A WebSocket that must open, and answer what is sent with something that contains `expect`."""

    kind: Literal["websocket"] = "websocket"
    name: str
    path: Below
    send: str | None = None
    expect: str | None = None
    within: CheckMilliseconds = 2000


Smoke = Annotated[
    HttpSmoke | TcpSmoke | SqlSmoke | CommandSmoke | WebSocketSmoke | CacheSmoke, Field(discriminator="kind")
]
