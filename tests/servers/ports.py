"""Ports for servers under test: the system gives none of them away, and each test process has its own."""

from __future__ import annotations

import os
import socket
from itertools import cycle

FIRST, EACH = 21000, 1000
"""Below the range from which Linux and macOS take ports for whoever asks for any."""

_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
_mine = cycle(range(FIRST + _number * EACH, FIRST + (_number + 1) * EACH))


def free_port() -> int:
    """A port that nobody listens on."""
    return next(port for port in _mine if _is_free(port))


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    return [free_port() for _ in range(number)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
