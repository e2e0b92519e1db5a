"""Health: whether one instance answers as its component promises."""

from __future__ import annotations

import asyncio
import json
import ssl

import httpx

from orchestrate.models.environment import HealthCheck

HOST = "127.0.0.1"
MOST = 64 * 1024  # bytes of an answer that are read
AGAIN = 0.1  # seconds between two questions
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; loading the usual one takes 20 ms


async def trouble(check: HealthCheck, port: int) -> str:
    """Why the instance at `port` is not well, in a few words; '' when it is.

    Only failures in a row count: it is asked up to `check.retries` times.
    """
    words = ""
    for attempt in range(check.retries):
        words = await trouble_now(check, port)
        if not words:
            return ""
        if attempt + 1 < check.retries:
            await asyncio.sleep(AGAIN)
    return words


async def trouble_now(check: HealthCheck, port: int) -> str:
    """Ask once: an HTTP GET, or a connection where no path is given."""
    try:
        async with asyncio.timeout(check.timeout):
            return await (_asked(check, port) if check.path else _connected(port))
    except TimeoutError:
        return f"no answer from {check.path or port} in {check.timeout} s"
    except (httpx.HTTPError, OSError) as error:
        return f"no answer from {check.path or port}: {str(error) or type(error).__name__}"


async def _connected(port: int) -> str:
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    return ""


async def _asked(check: HealthCheck, port: int) -> str:
    headers = {"accept-encoding": "identity", "connection": "close"}
    async with (
        httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=check.timeout) as client,
        client.stream("GET", f"http://{HOST}:{port}{check.path}", headers=headers) as answer,
    ):
        if answer.is_redirect and answer.status_code != check.status:
            return f"{check.path} redirects to {answer.headers.get('location', '?')[:200]}"
        if answer.status_code != check.status:
            return f"{check.path} answers {answer.status_code} instead of {check.status}"
        body = await _body(answer)
        if body is None:
            return f"{check.path} answers more than {MOST // 1024} KiB"
        return _wrong_page(check, answer) or _wrong_fields(check, body)


async def _body(answer: httpx.Response) -> bytes | None:
    body = b""
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > MOST:
            return None
    return body


def _wrong_page(check: HealthCheck, answer: httpx.Response) -> str:
    """An HTML page at a health path is a catch-all page, unless a page was asked for."""
    is_html = "html" in answer.headers.get("content-type", "").lower()
    asks_for_page = not check.expect and check.path.partition("?")[0].endswith(("/", ".html", ".htm"))
    return f"{check.path} answers an HTML page" if is_html and not asks_for_page else ""


def _wrong_fields(check: HealthCheck, body: bytes) -> str:
    if not check.expect:
        return ""
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return f"{check.path} does not answer JSON"
    for name, wanted in check.expect.items():
        found = _field(data, name)
        if found is None:
            return f"{check.path} answers no {name}"
        if found != wanted:
            return f"{check.path} answers {name}={found!r:.100} instead of {wanted!r}"
    return ""


def _field(data: object, name: str) -> str | None:
    """The value at a dotted path as text, in JSON's words for true and false; None for nothing."""
    for part in name.split("."):
        if not isinstance(data, dict):
            return None
        data = data.get(part)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return data if isinstance(data, str | None) else json.dumps(data)  # pyright: ignore[reportUnknownArgumentType]
