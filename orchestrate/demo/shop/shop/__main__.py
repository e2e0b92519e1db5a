"""Starts the shop with what the environment says, and ends it on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3

from .catalogue import Catalogue
from .log import say
from .metrics import Metrics
from .routes import Identity, Shop
from .server import Server


async def serve(port: int, database: str, identity: Identity) -> None:
    """Answer on `port` until SIGTERM or SIGINT, then finish what is in flight."""
    catalogue = Catalogue(database)
    server = Server(Shop(catalogue, Metrics(identity.slot), identity).answer)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    with contextlib.suppress(sqlite3.Error):  # told by /ready
        catalogue.products()  # so that the first customer does not wait for the file to be opened
    port = await server.listen(port)
    say("info", "open", port=port, version=identity.version, slot=identity.slot, instance=identity.instance)
    await told.wait()
    say("info", "closing", in_flight=server.in_flight)
    await server.stop()
    catalogue.close()
    say("info", "closed")


def main() -> None:
    setting = os.environ.get
    identity = Identity(setting("VERSION", "dev"), setting("SLOT", "none"), setting("INSTANCE", "1"))
    asyncio.run(serve(int(setting("PORT", "8080")), setting("DATABASE", "shop.db"), identity))


if __name__ == "__main__":
    main()
