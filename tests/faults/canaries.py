"""Canaries: secrets made to be found, and a search for them in every form that shares no code with ours."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes
from uuid import uuid4

from orchestrate.models.secret import MASK

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_BETWEEN = re.compile(rb"[\s\"'`+,\\\x00]+|\\[nt]")


def canary(name: str) -> str:
    """A value that nobody else has."""
    return f"{name}-{uuid4().hex}/+{name}=Tweet&{uuid4().hex[:6]}"


def disguised(value: str) -> Mapping[str, str]:
    """What a careless program makes of it."""
    data = value.encode()
    return {
        "plain": value,
        "base64": base64.b64encode(data).decode(),
        "base64 of a login": base64.b64encode(b"shop:" + data).decode(),
        "wrapped base64": base64.encodebytes(b"x" * 40 + data).decode(),
        "hex": data.hex(),
        "URL": quote(value, safe=""),
        "split": "\n".join(textwrap.wrap(value, 20)),
        "joined": "' + '".join(textwrap.wrap(value, 16)),
        "reversed": value[::-1],
    }


def careless(values: Mapping[str, str]) -> str:
    """Words that hold all of it, as an error's text or a service's log might."""
    lines = [
        f"{name} {form}: {text}" for name, value in values.items() for form, text in disguised(value).items()
    ]
    return "FileNotFoundError: the price list is not there\n" + "\n".join(lines)


def found(data: bytes, value: str) -> list[str]:
    """In which forms `data` holds the value."""
    wanted = value.encode()
    joined = _BETWEEN.sub(b"", data)
    compact = _BETWEEN.sub(b"", wanted)
    forms = {
        "plain": wanted in data,
        "split": compact in joined,
        "reversed": wanted[::-1] in data,
        "hex": wanted.hex().encode() in joined.lower(),
        "URL": wanted in unquote_to_bytes(data),
        "base64": any(wanted in text for text in _decoded(data)),
        "wrapped base64": any(wanted in text for text in _decoded(re.sub(rb"\s+|\\n", b"", data))),
    }
    return [form for form, is_there in forms.items() if is_there]


def _decoded(data: bytes) -> Iterator[bytes]:
    for run in _BASE64.findall(data):
        for at in range(4):
            text = run[at:].replace(b"-", b"+").replace(b"_", b"/")
            text = text[:-1] if len(text) % 4 == 1 else text
            try:
                yield base64.b64decode(text + b"=" * (-len(text) % 4))
            except binascii.Error:
                continue


def leaks(places: Mapping[str, bytes], values: Mapping[str, str]) -> list[str]:
    """Where which canary sits, in which form."""
    return [
        f"{place}: {name} in {form} form"
        for place, data in places.items()
        for name, value in values.items()
        for form in found(data, value)
    ]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, links and sockets left out."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


def masked(places: Mapping[str, bytes]) -> list[str]:
    """Where something was masked: there the canaries came by."""
    return [place for place, data in places.items() if MASK.encode() in data]
