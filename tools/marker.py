"""Markers: the signed note in a workspace that says which folder it is, and who may destroy it."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from uuid import uuid4

from pydantic import ValidationError

from orchestrate.models.fact import Fact, canonical
from tools.grounds import Grounds, Refusal

MARKER = ".orchestrate-workspace"

_MOST = 4096  # bytes of a marker that are read
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Note(Fact):
    """What is signed: the workspace's name and inode, its root's inode, and the deployment it is bound to."""

    workspace: str
    inode: int
    root: int
    deployment: str = ""  # none yet: any may have it


class Marker(Fact):
    """A note with its signature (HMAC-SHA256 with the root's key, in hex)."""

    note: Note
    mac: str


def note_in(folder: int, name: str, at: Grounds) -> Note:
    """The note in the open workspace `folder`, when we wrote it for just this folder. Raises Refusal."""
    try:
        file = os.open(MARKER, _READ, dir_fd=folder)
    except OSError as problem:
        raise Refusal(f"{name} has no marker of ours ({problem.strerror})") from problem
    try:
        text = os.read(file, _MOST) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)
    try:
        marker = Marker.model_validate_json(text)
    except ValidationError:
        raise Refusal(f"{name} has a marker of something else") from None
    if not hmac.compare_digest(marker.mac.encode(), _mac(marker.note, at.key).encode()):
        raise Refusal(f"{name} has a marker that is not signed by us")
    here = Note(workspace=name, inode=os.fstat(folder).st_ino, root=at.inode)
    if marker.note.model_copy(update={"deployment": ""}) != here:
        raise Refusal(f"{name} has the marker of another folder")
    return marker.note


def write_note(folder: int, name: str, at: Grounds, deployment: str = "") -> None:
    """Put a marker into the open workspace `folder`, whole or not at all. Raises OSError."""
    note = Note(workspace=name, inode=os.fstat(folder).st_ino, root=at.inode, deployment=deployment)
    aside = f"{MARKER}.{uuid4().hex}"
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with os.fdopen(file, "w") as opened:
        opened.write(Marker(note=note, mac=_mac(note, at.key)).model_dump_json())
    os.rename(aside, MARKER, src_dir_fd=folder, dst_dir_fd=folder)


def _mac(note: Note, key: bytes) -> str:
    return hmac.new(key, canonical(note).encode(), hashlib.sha256).hexdigest()
