"""`python -m tools.systems.proxy_server FOLDER`: go into the background, and return when the port answers.

Exit codes: 0 it serves, 3 the public port is taken, anything else: it failed, and said why.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tools.systems.proxy_server.daemon import Settings, allow_many_connections, listener, run

PORT_TAKEN = 3
LOG_BYTES = 1_048_576


def main(folder: Path) -> int:
    """The launcher's life; the daemon is its child, in a session of its own."""
    settings = Settings.read(folder)
    try:
        public = listener(settings.host, settings.port)
    except OSError as refused:
        if refused.errno == errno.EADDRINUSE:
            return PORT_TAKEN
        raise
    ready, tell = os.pipe()
    if os.fork() == 0:
        os.close(ready)
        _serve(folder, settings, public, tell)
    os.close(tell)
    return 0 if os.read(ready, 1) else 1


def _serve(folder: Path, settings: Settings, public: socket.socket, tell: int) -> None:
    """The daemon's life; it never returns into the launcher."""
    code = 1
    try:
        os.setsid()
        os.chdir("/")
        _write_log(folder / "proxy.log")
        allow_many_connections()
        asyncio.run(run(folder, settings, public, lambda: _detach(tell)))
        code = 0
    finally:
        if code:
            logging.getLogger("proxy").exception("the proxy ended")
        os._exit(code)


def _detach(tell: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    os.write(tell, b"1")
    os.close(tell)


def _write_log(file: Path) -> None:
    """At most two files of a megabyte; until it serves, problems are also told to the launcher."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1), logging.StreamHandler()],
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
