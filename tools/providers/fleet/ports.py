"""Ports of this machine: which are free."""

from __future__ import annotations

import socket
from collections.abc import Collection

from tools.providers.fleet.health import HOST


def free_port(kept: Collection[int] = ()) -> int:
    """A port that nobody listens on and that is not `kept` for somebody."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in kept:
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
