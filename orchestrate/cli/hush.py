"""Hush: what libraries have to say goes to a file beside the store, not to a person's terminal."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST = 1024 * 1024  # bytes; one older file is kept
NAME = "orchestrate.log"


@contextmanager
def hushed(folder: Path | None) -> Generator[None]:
    """Warnings and errors of libraries are kept in `folder`, or dropped when there is none."""
    root = logging.getLogger()
    handler = _file(folder) if folder is not None and folder.is_dir() else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _file(folder: Path) -> logging.Handler:
    return RotatingFileHandler(folder / NAME, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True)
