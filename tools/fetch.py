"""Fetch: one bounded HTTP request that follows nothing and believes nothing."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from orchestrate.errors import Unreachable

KIB = 1024
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for http:// only: loading the usual one takes 20 ms


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request: where to, how long to wait for all of the answer (seconds), how much to read (bytes)."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str | None = None
    seconds: float = 2.0
    cap: int = 64 * KIB


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole, and how long it took."""

    status: int
    body: bytes
    ms: int
    kind: str = ""  # content type
    location: str = ""  # where a redirect leads

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def is_html(self) -> bool:
        return "html" in self.kind.lower() or self.body.lstrip()[:15].lower().startswith(
            (b"<!doctype", b"<html")
        )


async def fetch(ask: Ask) -> Answer:
    """Send `ask` once; redirects are answers, proxies of the machine are not used.

    Raises Unreachable: refused, hung, cut, or longer than `ask.cap`.
    """
    _refuse_impossible(ask)
    verify = PLAIN if ask.url.startswith("http://") else ssl.create_default_context()
    started = time.monotonic()
    try:
        async with (
            asyncio.timeout(ask.seconds),
            httpx.AsyncClient(trust_env=False, verify=verify, timeout=ask.seconds) as client,
            client.stream(ask.method, ask.url, headers=_headers(ask), content=ask.body) as answer,
        ):
            body = await _body(answer, ask.cap)
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable(f"{_where(ask)} did not answer within {ask.seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
        raise Unreachable(f"{_where(ask)}: {str(problem) or type(problem).__name__}") from None
    return Answer(
        status=answer.status_code,
        body=body,
        ms=round((time.monotonic() - started) * 1000),
        kind=answer.headers.get("content-type", ""),
        location=answer.headers.get("location", "")[:200],
    )


def field_of(data: object, path: str) -> str | None:
    """The value at a dotted path (`items.0.id`) as text, in JSON's words; None when there is none."""
    for part in path.split("."):
        if isinstance(data, dict) and part in data:
            data = data[part]  # pyright: ignore[reportUnknownVariableType]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):  # pyright: ignore[reportUnknownArgumentType]
            data = data[int(part)]  # pyright: ignore[reportUnknownVariableType]
        else:
            return None
    return data if isinstance(data, str) else json.dumps(data)  # pyright: ignore[reportUnknownArgumentType]


def json_of(answer: Answer) -> object:
    """The answer's JSON. Raises Unreachable with what came instead."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        found = "an HTML page" if answer.is_html else "no JSON"
        raise Unreachable(f"answered {found}") from None


async def _body(answer: httpx.Response, cap: int) -> bytes:
    """The body as sent; it is not decompressed, because a small one can become a huge one."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > cap:
            raise ValueError(f"the answer is longer than {cap // KIB} KiB")
    return bytes(body)


def _refuse_impossible(ask: Ask) -> None:
    """What no client should be asked: a port that no machine has ends in an error of its own kind."""
    try:
        port = httpx.URL(ask.url).port
    except httpx.InvalidURL as problem:
        raise Unreachable(f"{_where(ask)}: {problem}") from None
    if port is not None and port > 65_535:
        raise Unreachable(f"{_where(ask)}: there is no port {port}")


def _headers(ask: Ask) -> dict[str, str]:
    return {"accept-encoding": "identity", "connection": "close", **ask.headers}


def _where(ask: Ask) -> str:
    """The address without what may be secret in it."""
    host, slash, path = (
        ask.url.partition("?")[0].removeprefix("http://").removeprefix("https://").partition("/")
    )
    return f"{host.rpartition('@')[2]}{slash}{path}"
