"""Files: what a site consists of once it is built, and what a browser is told about each of them."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path

from orchestrate.errors import BuildFailed

TYPES = mimetypes.MimeTypes()
"""What Python itself knows: no file of this machine has a say."""

NEWER = {
    ".avif": "image/avif",
    ".map": "application/json",
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".yaml": "application/yaml",
}
UNKNOWN = "application/octet-stream"


def files_in(folder: Path) -> dict[str, str]:
    """Path of each file below `folder` → SHA-256 of its contents, in hex.

    Raises BuildFailed where there is none, where one is a link, and where a name is no text: what a link
    leads to is nobody's to publish.
    """
    found: dict[str, str] = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BuildFailed(f"{relative!r} is no plain file; a site consists of files alone")
            if not relative.isprintable():
                raise BuildFailed(f"{relative!r} cannot be the name of an object; rename it")
            if path.is_file():
                with path.open("rb") as file:
                    found[relative] = hashlib.file_digest(file, "sha256").hexdigest()
    if not found:
        raise BuildFailed(f"there is no file in {folder.name!r}", cure="see `build` and `output`")
    return found


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and contents of all files."""
    lines = "".join(f"{path}\0{sha}\n" for path, sha in sorted(files.items()))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def kind_of(path: str) -> str:
    """The content type that the name of a file says."""
    kind, packed = TYPES.guess_type(path)
    if packed:
        return "application/gzip" if packed == "gzip" else UNKNOWN
    return kind or NEWER.get(Path(path).suffix.lower(), UNKNOWN)
