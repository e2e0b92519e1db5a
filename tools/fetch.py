"""Fetch: one bounded HTTP request that follows nothing and believes nothing."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from orchestrate.errors import Unreachable
from tools.reach import Reach

KIB = 1024
LONGEST = 10.0  # seconds that any answer may take, from the look-up of its host to its last byte
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for http:// only: loading the usual one takes 20 ms


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request: where to, how long to wait for all of the answer (seconds), how much to read (bytes).

    `reach` says which hosts may be asked; without one it is the host of `url`, which the settings name.
    An answer longer than `cap` is no answer, or only its beginning where `is_enough_begun`. Of one that
    perhaps never ends, what came within `listens` seconds is the answer.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str | None = None
    seconds: float = 2.0
    cap: int = 64 * KIB
    is_enough_begun: bool = False
    listens: float | None = None
    reach: Reach | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole, and how long it took."""

    status: int
    body: bytes
    ms: int
    kind: str = ""  # content type
    location: str = ""  # where a redirect leads
    encoding: str = ""  # how the body is packed; none was asked for, and none is unpacked
    is_cut: bool = False  # the body is only its beginning
    headers: Mapping[str, str] = field(default_factory=dict[str, str])  # by names in small letters

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def is_html(self) -> bool:
        return "html" in self.kind.lower() or self.body.lstrip()[:15].lower().startswith(
            (b"<!doctype", b"<html")
        )


async def fetch(ask: Ask) -> Answer:
    """Send `ask` once, to an address that was looked up once; redirects are answers, proxies are not used.

    Raises Unreachable: not in reach, refused, hung, cut, or longer than `ask.cap`.
    """
    url, seconds = _url(ask), min(ask.seconds, LONGEST)
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            answer, body = await _answered(ask, url)
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable(f"{_where(ask)} did not answer within {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
        raise Unreachable(f"{_where(ask)}: {str(problem) or type(problem).__name__}") from None
    return Answer(
        status=answer.status_code,
        body=body[: ask.cap],
        ms=round((time.monotonic() - started) * 1000),
        kind=answer.headers.get("content-type", ""),
        location=answer.headers.get("location", "")[:200],
        encoding=answer.headers.get("content-encoding", "")[:40],
        is_cut=len(body) > ask.cap,
        headers=answer.headers,
    )


async def _answered(ask: Ask, url: httpx.URL) -> tuple[httpx.Response, bytes]:
    """What the first address answers that can be connected to; the URL's host stays who is asked for."""
    host = url.raw_host.decode("ascii")
    reach = ask.reach or Reach(frozenset({host}))
    *others, last = await reach.addresses(host, url.port or (443 if url.scheme == "https" else 80))
    for address in others:
        with suppress(httpx.ConnectError):
            return await _sent(ask, url, address)
    return await _sent(ask, url, last)


async def _sent(ask: Ask, url: httpx.URL, address: str) -> tuple[httpx.Response, bytes]:
    verify = ssl.create_default_context() if url.scheme == "https" else PLAIN
    headers = {
        "host": url.netloc.decode("ascii"),
        "accept-encoding": "identity",
        "connection": "close",
        **ask.headers,
    }
    async with (
        httpx.AsyncClient(trust_env=False, verify=verify, timeout=LONGEST) as client,
        client.stream(
            ask.method,
            url.copy_with(host=address),
            headers=headers,
            content=ask.body,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        ) as answer,
    ):
        return answer, await _body(answer, ask)


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
        found = f"more than {len(answer.body) // KIB} KiB" if answer.is_cut else "no JSON"
        found = f"{answer.encoding}, which was not asked for" if answer.encoding else found
        found = "an HTML page" if answer.is_html else found
        raise Unreachable(f"answered {found}") from None


async def _body(answer: httpx.Response, ask: Ask) -> bytes:
    """The body as sent; it is not decompressed, because a small one can become a huge one."""
    body = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(ask.listens):
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > ask.cap and not ask.is_enough_begun:
                    raise ValueError(f"the answer is longer than {ask.cap // KIB} KiB")
                if len(body) > ask.cap:
                    break
    return bytes(body)


def _url(ask: Ask) -> httpx.URL:
    """The URL, when it is one: a port that no machine has ends in an error of its own kind."""
    try:
        url = httpx.URL(ask.url)
    except httpx.InvalidURL as problem:
        raise Unreachable(f"{_where(ask)}: {problem}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise Unreachable(f"{_where(ask)} is no address of a web server")
    if url.port is not None and url.port > 65_535:
        raise Unreachable(f"{_where(ask)}: there is no port {url.port}")
    return url


def _where(ask: Ask) -> str:
    """The address without what may be secret in it."""
    host, slash, path = (
        ask.url.partition("?")[0].removeprefix("http://").removeprefix("https://").partition("/")
    )
    return f"{host.rpartition('@')[2]}{slash}{path}"
