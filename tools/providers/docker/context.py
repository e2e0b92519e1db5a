"""Context: the files that an image is built of, as the engine takes them."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import AsyncGenerator
from pathlib import Path

from orchestrate.errors import BuildFailed
from tools.providers.docker.ignored import Ignored

CHUNK = 256 * 1024


def packed(folder: Path, dockerfile: str, into: Path) -> None:
    """The folder as the engine builds it: owned by root, without times, so that layers are known again."""
    if not (folder / dockerfile).is_file():
        raise BuildFailed(f"the repository has no {dockerfile}", cure="add one, or name it in `docker`")
    ignored = Ignored.of(folder, dockerfile)
    with tarfile.open(into, "w") as tar:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not ignored.hides(name):
                tar.add(path, arcname=name, recursive=False, filter=_plain)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


async def pieces(file: Path) -> AsyncGenerator[bytes]:
    with file.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, CHUNK):
            yield piece
