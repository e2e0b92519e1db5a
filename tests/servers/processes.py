"""Processes of others, found by what is known of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def processes_of(folder: Path, words: Callable[[psutil.Process], Iterable[str]]) -> list[psutil.Process]:
    """Those but our own of which one of the `words` holds the folder's name."""
    found = list[psutil.Process]()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(folder) in word for word in words(process)):
                found.append(process)
    return found
