"""Sites: where this machine listens for others, by HTTP on one address."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web

from orchestrate.errors import OutsideFailed, PortTaken


@asynccontextmanager
async def served(site: web.Application, host: str, port: int) -> AsyncGenerator[int]:
    """Listen; gives the port (0: any). Raises PortTaken, and OutsideFailed for a host that is not ours."""
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        await _bind(web.TCPSite(runner, host, port), host, port)
        addresses = cast(list[tuple[str, int]], runner.addresses)
        yield addresses[0][1]
    finally:
        await runner.cleanup()


async def _bind(listening: web.TCPSite, host: str, port: int) -> None:
    try:
        await listening.start()
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(port) from problem
        raise OutsideFailed(f"{host}:{port} cannot be listened at: {problem}") from problem
