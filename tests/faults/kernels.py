"""Kernels: the two ways to open a folder without following links, to be tested both where both exist."""

from __future__ import annotations

import os

from tools import confined

OPENAT2, COMPONENTS = "openat2", "component by component"


def kernels() -> list[str]:
    """What this machine can do; everything can look at one component after the other."""
    place = os.open("/", os.O_RDONLY)
    try:
        opened = confined._openat2(place, "tmp")
    except OSError:
        return [OPENAT2, COMPONENTS]
    finally:
        os.close(place)
    if opened is None:
        return [COMPONENTS]
    os.close(opened)
    return [OPENAT2, COMPONENTS]


def as_on(kernel: str) -> None:
    """From now on, this process opens folders as on `kernel`."""
    if kernel == COMPONENTS:
        confined._openat2 = unknown


def unknown(place: int, name: str) -> int | None:
    """What a kernel says that does not know the call."""
