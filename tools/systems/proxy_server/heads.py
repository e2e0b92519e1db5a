"""Heads: what a request or response says of itself on each side of the proxy."""

from __future__ import annotations

import h11

Headers = list[tuple[bytes, bytes]]
Message = h11.Request | h11.InformationalResponse | h11.Response

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)


def request_head(request: h11.Request, peer: str, address: str, *, upgrade: bool) -> h11.Request:
    """The request as a server at `address` hears it: on a connection of its own, and knowing who asks."""
    headers = _onward(request)
    host = _value(request, b"host")
    if host is None:
        headers.append((b"Host", address.encode()))
    if _is_chunked(request):
        headers.append((b"Transfer-Encoding", b"chunked"))
    known = [value for name, value in headers if name.lower() == b"x-forwarded-for"]
    headers = [pair for pair in headers if pair[0].lower() != b"x-forwarded-for"]
    headers.append((b"X-Forwarded-For", b", ".join([*known, peer.encode()])))
    if _value(request, b"x-forwarded-host") is None and host is not None:
        headers.append((b"X-Forwarded-Host", host))
    if _value(request, b"x-forwarded-proto") is None:
        headers.append((b"X-Forwarded-Proto", b"http"))
    if upgrade:
        headers += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    else:
        headers.append((b"Connection", b"close"))
    return h11.Request(method=request.method, target=request.target, headers=headers)


def response_head(response: h11.Response, *, closing: bool) -> h11.Response:
    """The response as the client hears it."""
    headers = _onward(response)
    if closing:
        headers.append((b"Connection", b"close"))
    return h11.Response(status_code=response.status_code, headers=headers, reason=response.reason)


def informational_head(response: h11.InformationalResponse) -> h11.InformationalResponse:
    """An answer before the answer; a switch of protocols keeps the words that say so."""
    headers = _onward(response)
    if response.status_code == 101:
        headers += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    return h11.InformationalResponse(
        status_code=response.status_code, headers=headers, reason=response.reason
    )


def plain(status: int, text: str, *, closing: bool) -> tuple[h11.Response, h11.Data]:
    """An answer of the proxy itself."""
    body = f"{text}\n".encode()
    headers: Headers = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(body)).encode()),
    ]
    if closing:
        headers.append((b"Connection", b"close"))
    return h11.Response(status_code=status, headers=headers), h11.Data(data=body)


def wants_websocket(request: h11.Request) -> bool:
    upgrade = _value(request, b"upgrade")
    return upgrade is not None and upgrade.lower() == b"websocket" and b"upgrade" in _named(request)


def has_body(request: h11.Request) -> bool:
    return _is_chunked(request) or (_value(request, b"content-length") or b"0") != b"0"


def _onward(message: Message) -> Headers:
    dropped = HOP_BY_HOP | _named(message)
    if _is_chunked(message):
        dropped |= {b"content-length"}  # two lengths are how requests are smuggled
    return [(name, value) for name, value in message.headers.raw_items() if name.lower() not in dropped]


def _named(message: Message) -> frozenset[bytes]:
    words = b",".join(value for name, value in message.headers if name == b"connection")
    return frozenset(word.strip().lower() for word in words.split(b","))


def _is_chunked(message: Message) -> bool:
    return _value(message, b"transfer-encoding") is not None


def _value(message: Message, name: bytes) -> bytes | None:
    return next((value for key, value in message.headers if key == name), None)
