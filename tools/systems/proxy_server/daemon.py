"""The daemon: the public port and the admin port, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tools.systems.proxy_server.admin import Admin
from tools.systems.proxy_server.exchange import Routes
from tools.systems.proxy_server.front import Front
from tools.systems.proxy_server.table import Balance, Table, TableInvalid
from tools.systems.proxy_server.totals import Totals
from tools.systems.proxy_server.wire import READ_BYTES, WatchedReader
from tools.systems.whole import write_whole

BACKLOG = 1024
OPEN_FILES = 65_536

log = logging.getLogger("proxy")

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Settings:
    """proxy.json: where to listen, and how to count and wait."""

    host: str
    port: int
    edges_ms: list[int]
    connect_seconds: float
    total_seconds: float | None

    @classmethod
    def read(cls, folder: Path) -> Settings:
        return cls(**json.loads((folder / "proxy.json").read_text()))


def listener(host: str, port: int) -> socket.socket:
    """A listening socket that nobody else shares. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


async def run(folder: Path, settings: Settings, public: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM; `ready` is told when both ports answer."""
    routes = Routes(
        Balance(_table(folder)), Totals(settings.edges_ms), settings.connect_seconds, settings.total_seconds
    )
    front, token, admin_socket = Front(routes), secrets.token_urlsafe(32), _admin_socket(folder)
    admin = Admin(routes, token, folder / "table.json")
    servers = [await _listen(public, front.serve), await _listen(admin_socket, admin.serve)]
    port = admin_socket.getsockname()[1]
    write_whole(folder / "admin.json", json.dumps({"pid": os.getpid(), "port": port, "token": token}))
    ready()
    log.info("serving %s:%d, admin on %d", settings.host, settings.port, port)
    await _told_to_end()
    for server in servers:
        server.close()
    await front.end()
    log.info("ended")


def allow_many_connections() -> None:
    """Two descriptors per open request: as many as the system allows, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _listen(bound: socket.socket, serve: Serve) -> asyncio.Server:
    loop = asyncio.get_running_loop()

    def connection() -> asyncio.StreamReaderProtocol:
        reader = WatchedReader(limit=READ_BYTES, loop=loop)
        return asyncio.StreamReaderProtocol(reader, serve, loop=loop)

    return await loop.create_server(connection, sock=bound, backlog=BACKLOG)


async def _told_to_end() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _table(folder: Path) -> Table:
    try:
        return Table.parse((folder / "table.json").read_bytes())
    except FileNotFoundError:
        return Table()
    except TableInvalid as invalid:
        log.warning("starting with an empty table: %s", invalid)
        return Table()


def _admin_socket(folder: Path) -> socket.socket:
    """The port of last time where it is free, so that whoever scrapes the metrics need not ask again."""
    before = 0
    with contextlib.suppress(OSError, ValueError, KeyError):
        before = cast("int", json.loads((folder / "admin.json").read_text())["port"])
    try:
        return listener("127.0.0.1", before)
    except OSError:
        return listener("127.0.0.1", 0)
