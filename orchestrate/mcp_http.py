"""MCP over HTTP: the same tools, for whoever has the token, at an address of this machine."""

from __future__ import annotations

import asyncio
import errno
import hmac
import socket
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Generator,
    MutableMapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import cast

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from orchestrate.errors import OutsideFailed, PortTaken, Refused
from orchestrate.models.secret import Secret
from orchestrate.settings.mcp import LEAST_TOKEN

PATH = "/mcp"
MOST_BYTES = 256 * 1024
"""Of a request; a longer one is refused."""
START_SECONDS = 10.0

Message = MutableMapping[str, object]  # ASGI's own words
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


def address_of(text: str) -> tuple[str, int]:
    """HOST:PORT, or PORT of this machine. Raises Refused."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) <= 65_535):
        raise Refused(f"{text!r} is no address", cure="use HOST:PORT, such as 127.0.0.1:8788")
    return host.strip("[]") or "127.0.0.1", int(port)


@asynccontextmanager
async def served(
    made: MCPServer[object], token: Secret, at: tuple[str, int], hosts: Collection[str] = ()
) -> AsyncGenerator[str]:
    """Serve the tools; gives the address. `hosts`: names under which a proxy is asked for us.

    Raises Refused for a token that can be guessed, or an address that others reach and no proxy is named
    for; PortTaken, OutsideFailed.
    """
    _check(token, at[0], hosts)
    with _bound(*at) as listening:
        port = cast(tuple[str, int], listening.getsockname())[1]
        guarded = Guarded(_site(made, at[0], port, hosts), token)
        config = uvicorn.Config(
            guarded, log_level="error", access_log=False, lifespan="on", server_header=False
        )
        server = _Quiet(config)
        running = asyncio.create_task(server.serve([listening]))
        try:
            async with asyncio.timeout(START_SECONDS):
                await server.listens.wait()
            yield f"http://{_spelled(at[0])}:{port}{PATH}"
        finally:
            server.should_exit = True
            await running


class Guarded:
    """Lets in whoever shows the token, before anything else is read."""

    def __init__(self, site: Asgi, token: Secret) -> None:
        self._site, self._token = site, token

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._is_known(scope)):
            await self._site(scope, receive, send)
        elif scope["type"] == "http":
            await _refused(send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_known(self, scope: Message) -> bool:
        headers = cast(Sequence[tuple[bytes, bytes]], scope["headers"])
        shown = [value for name, value in headers if name.lower() == b"authorization"]
        expected = b"Bearer " + self._token.reveal().encode()
        return len(shown) == 1 and hmac.compare_digest(shown[0], expected)


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to whoever runs it, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def _bound(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(port) from problem
        raise OutsideFailed(f"{host}:{port} cannot be listened at: {problem}") from problem
    with listening:
        yield listening


async def _refused(send: Send) -> None:
    headers = [(b"www-authenticate", b"Bearer"), (b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _site(made: MCPServer[object], host: str, port: int, hosts: Collection[str]) -> Asgi:
    """The protocol's own application; a name that is not ours is refused, as browsers may be led here."""
    ours = [f"{one}:{port}" for one in ("127.0.0.1", "localhost", "[::1]", _spelled(host))]
    names = [*ours, *hosts]
    security = TransportSecuritySettings(
        allowed_hosts=names,
        allowed_origins=[f"{how}://{name}" for name in names for how in ("http", "https")],
    )
    return cast(
        Asgi,
        made.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            json_response=True,
            max_request_body_size=MOST_BYTES,
            transport_security=security,
        ),
    )


def _check(token: Secret, host: str, hosts: Collection[str]) -> None:
    if len(token.reveal()) < LEAST_TOKEN:
        raise Refused(
            f"the token of mcp has less than {LEAST_TOKEN} characters", cure="make one: openssl rand -hex 32"
        )
    if not hosts and not _is_here(host):
        raise Refused(
            f"{host} is reached by others, and the token would travel in the clear",
            cure="listen at 127.0.0.1 behind a proxy with TLS, and name it: mcp: {hosts: [mcp.example.com]}",
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host
