"""The chain: the audit's entries, each written in the transaction that it tells of, after the last's hash."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    exc,
    insert,
    select,
    text,
)

from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import GENESIS, AuditKind, Head
from orchestrate.store.anchor import Anchor, Known
from orchestrate.store.rows import clean
from orchestrate.store.tables import metadata

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("previous", LargeBinary, nullable=False),
    Column("deployment", String, nullable=False),
    Column("event", Text, nullable=False),  # canonical JSON
    Column("hash", LargeBinary, nullable=False),
)

ADVISORY_LOCK = 7_203_415_082
NOTED = "orchestrate.audit"
SHORT = 32  # hex digits of a hash that an entry names

NEWEST = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
HASH = select(audit.c.hash).where(audit.c.seq == bindparam("which"))
INSERT = insert(audit)


class Noted(NamedTuple):
    """What a transaction is going to tell the audit in its end."""

    kind: AuditKind
    deployment: str
    event: dict[str, str | int]


def note(
    connection: Connection, kind: AuditKind, *, deployment: str | None = None, by: str = "", **facts: str
) -> None:
    """Tell the audit, when this transaction ends; what it tells and this stand or fall together.

    `facts` are ids, names and hashes: no secret, and no text that others wrote but a person's own reason.
    """
    event: dict[str, str | int] = {name: clean(value) for name, value in facts.items() if value}
    event |= {"kind": kind.value, "by": clean(by)}
    connection.info.setdefault(NOTED, []).append(Noted(kind, deployment or "", event))


def forget(connection: Connection) -> None:
    """A transaction begins: it has told nothing yet."""
    connection.info.pop(NOTED, None)


@contextmanager
def closed(connection: Connection, anchor: Anchor | None, now: float) -> Generator[None]:
    """Around the commit: what was noted becomes the newest entries. Raises AuditUnusable.

    It comes last in a transaction: whoever holds the audit waits for nothing else any more.
    """
    noted = cast(list[Noted], connection.info.pop(NOTED, []))
    if not noted:
        yield
        return
    before = _held(connection)
    is_anew = any(one.kind is AuditKind.ANCHORED for one in noted)
    known = _known(anchor, is_anew=is_anew) if anchor else None
    if anchor is not None and not is_anew:
        _check_goes_on(connection, anchor, known, before)
    after = _append(connection, before, noted, now)
    if anchor is None:
        yield
        return
    with anchor.moved(known, before, after):
        yield


def digest(seq: int, previous: bytes, deployment: str, event: str) -> bytes:
    """The hash of an entry: SHA-256 of its number, the hash before it, and what it tells."""
    return hashlib.sha256(f"{seq}\n{previous.hex()}\n{deployment}\n{event}".encode()).digest()


def raw(value: object) -> bytes:
    """A hash as it stands in the table, also where somebody put something else in its place."""
    return value if isinstance(value, bytes) else str(value).encode()


def short(content: str) -> str:
    """The beginning of a content's SHA-256, by which an entry names it."""
    return hashlib.sha256(content.encode()).hexdigest()[:SHORT]


def newest(connection: Connection) -> Head:
    """The newest entry, as this transaction sees it."""
    found = connection.execute(NEWEST).first()
    return Head(seq=found.seq, hash=raw(found.hash).hex()) if found else Head()


def has(connection: Connection, head: Head) -> bool:
    """Whether the audit has been there: its entry of this number has this hash."""
    if head.seq == 0:
        return head.hash == GENESIS.hex()
    found = connection.execute(HASH, {"which": head.seq}).scalar()
    return found is not None and raw(found).hex() == head.hash


def _held(connection: Connection) -> Head:
    """The newest entry; nobody else writes one before this transaction ends."""
    with _in_words():
        if connection.dialect.name != "sqlite":  # there the whole file is locked already
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        return newest(connection)


def _known(anchor: Anchor, *, is_anew: bool) -> Known | None:
    """What the anchor knows; a person may go on without it."""
    try:
        return anchor.read()
    except AuditUnusable:
        if is_anew:
            return None
        raise


def _check_goes_on(connection: Connection, anchor: Anchor, known: Known | None, head: Head) -> None:
    """What is there must reach up to where the anchor knows that it ended."""
    if known is None:
        if anchor.is_alone and head.seq:
            raise AuditUnusable(f"its anchor {anchor.file} is missing, and nobody knows where it should end")
        return
    fits = head in known.heads if anchor.is_alone else has(connection, known.least)
    if not fits:
        end = known.after
        is_other = f"entry {head.seq} is another" if head.seq == end.seq else f"it ends with entry {head.seq}"
        raise AuditUnusable(f"{is_other}, and {anchor.file.name} knows {end.seq}:{end.hash[:12]}")


def _append(connection: Connection, before: Head, noted: Sequence[Noted], now: float) -> Head:
    rows: list[dict[str, int | str | bytes]] = []
    previous = bytes.fromhex(before.hash)
    for seq, one in enumerate(noted, before.seq + 1):
        event = _canonical(one.event | {"at": int(now * 1000)})
        hash = digest(seq, previous, one.deployment, event)
        rows.append(
            {"seq": seq, "previous": previous, "deployment": one.deployment, "event": event, "hash": hash}
        )
        previous = hash
    with _in_words():
        connection.execute(INSERT, rows)
    return Head(seq=before.seq + len(rows), hash=previous.hex())


@contextmanager
def _in_words() -> Generator[None]:
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error) as problem:
        said = problem.orig if isinstance(problem, exc.DBAPIError) else problem
        raise AuditUnusable(str(said)) from problem


def _canonical(event: dict[str, str | int]) -> str:
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
