"""Ports: two that are free for the shop, or a clear word about the one that is not."""

from __future__ import annotations

import socket

from orchestrate.errors import PortTaken

USUAL = 8080
HOST = "127.0.0.1"
CURE = "--port 0 takes any two ports that are free, --port N takes N and the next"


def chosen(port: int | None) -> tuple[int, int]:
    """Production's port and staging's: `port` and the next, the usual ones, or any that are free for 0.

    Raises PortTaken.
    """
    if port == 0:
        return _any()
    production = USUAL if port is None else port
    for one in (production, production + 1):
        check_free(one)
    return production, production + 1


def check_free(port: int) -> None:
    """Raises PortTaken."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            raise PortTaken(port, cure=CURE) from None


def _any() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind((HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]
