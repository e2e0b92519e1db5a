"""Allowed signers: the file that names whose signatures count, checked before anybody relies on it."""

from __future__ import annotations

import base64
import binascii
import shlex
from pathlib import Path

from orchestrate.errors import SettingsInvalid
from orchestrate.settings.tree import Document, Loc

LARGEST = 1_048_576  # bytes
CURE = "one signer a line, such as: ada@example.com ssh-ed25519 AAAA…"

_TYPES = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-")
_OPTIONS = ("cert-authority", "namespaces=", "valid-after=", "valid-before=")  # one word, with commas


def check_signers(document: Document, loc: Loc, path: Path) -> None:
    """Raise SettingsInvalid where the file that stands at `loc` is none, or one of its lines names nobody."""
    for number, line in enumerate(_text(document, loc, path).splitlines(), 1):
        if _names_somebody(line) and (problem := trouble(line)):
            raise SettingsInvalid(str(path), number, problem, cure=CURE)


def trouble(line: str) -> str:
    """What is wrong with the line of one signer; '' when nothing is."""
    try:
        principals, *words = shlex.split(line)
    except ValueError:
        return "a quotation mark is not closed"
    if words and words[0].lower().startswith(_OPTIONS):
        words = words[1:]
    if words and not words[0].startswith(_TYPES):
        return f"expected options or a type of key after {principals!r}, found {words[0][:60]!r}"
    if len(words) < 2:
        return f"{principals!r} has no key"
    return "" if _is_key(words[0], words[1]) else f"the key of {principals!r} is no {words[0]} key"


def _names_somebody(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _is_key(kind: str, text: str) -> bool:
    """Whether `text` is a key that says itself of which type it is."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    name = kind.encode()
    return data.startswith(len(name).to_bytes(4, "big") + name) and len(data) > len(name) + 4


def _text(document: Document, loc: Loc, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as problem:
        said = f"signed_by: the allowed signers cannot be read: {path}: {problem.strerror}"
        raise document.fault(loc, said, cure=CURE) from None
    if len(data) > LARGEST:
        raise document.fault(loc, f"signed_by: {path} is larger than 1 MiB; this is no list of signers")
    text = data.decode(errors="replace")
    if not any(_names_somebody(line) for line in text.splitlines()):
        raise document.fault(loc, f"signed_by: {path} names nobody", cure=CURE)
    return text
