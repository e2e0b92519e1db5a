"""The audit: what it holds, where it ends, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import Connection, RowMapping, bindparam, func, select

from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import AuditKind, Broken, Damage, Entry, Head, Verdict
from orchestrate.store import chain
from orchestrate.store.anchor import Anchor, Known
from orchestrate.store.chain import audit, raw
from orchestrate.store.database import Database
from orchestrate.store.tampering import BEGINNING, Line, inserted, named

PAGE = 5000

AFTER = (
    select(audit.c.seq, audit.c.previous, audit.c.deployment, audit.c.event, audit.c.hash)
    .where(audit.c.seq > bindparam("after"))
    .order_by(audit.c.seq)
    .limit(bindparam("most"))
)
TAIL = select(audit.c.seq, audit.c.deployment, audit.c.event, audit.c.hash).order_by(audit.c.seq.desc())
OF = AFTER.where(audit.c.deployment == bindparam("whose"))
FIRST = select(func.min(audit.c.seq))


class Audit:
    """An append-only chain: it is added to and read, and nothing in it is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: AuditKind, *, deployment: str | None = None, by: str = "", **facts: str) -> None:
        """Tell something that belongs to no other transaction. Raises AuditUnusable.

        `facts` are names, ids and hashes: no secret, and no text that others wrote.
        """
        with self._database.writing() as connection:
            chain.note(connection, kind, deployment=deployment, by=by, **facts)

    def entries(self, deployment: str | None = None, after: int = 0, limit: int = 1000) -> tuple[Entry, ...]:
        """Entries with a higher number than `after`, oldest first; of one deployment, or all."""
        asked: dict[str, str | int] = {"after": after, "most": limit}
        if deployment is not None:
            asked["whose"] = deployment
        with self._database.reading() as connection:
            found = connection.execute(AFTER if deployment is None else OF, asked).mappings()
            return tuple(_entry(row) for row in found)

    def tail(self, deployment: str | None = None, limit: int = 50) -> tuple[Entry, ...]:
        """The newest entries, of one deployment or of all, oldest first."""
        found = TAIL if deployment is None else TAIL.where(audit.c.deployment == deployment)
        with self._database.reading() as connection:
            rows = connection.execute(found.limit(limit)).mappings().all()
        return tuple(_entry(row) for row in reversed(rows))

    def head(self) -> Head:
        """The newest entry."""
        with self._database.reading() as connection:
            return chain.newest(connection)

    def anchor(self, by: str, reason: str) -> Head:
        """Go on from what is there, on a person's word, although it is not what the anchor knows.

        Raises AuditUnusable where it cannot be written.
        """
        file = self._database.anchor
        with self._database.writing() as connection:
            ended = chain.newest(connection)
            chain.note(
                connection,
                AuditKind.ANCHORED,
                by=by,
                reason=reason,
                known=_known_words(file),
                ended=str(ended),
            )
        return self.head()

    def verify(self, against: Head | None = None) -> Verdict:
        """Read all of it: every hash, every link, and its end against the anchor or the head that is given.

        A head of number 0 is one of which only the hash is known. Raises AuditUnusable where the anchor
        cannot be read.
        """
        file = self._database.anchor
        known = file.read() if file is not None and against is None else None
        reading = Reading(self._database)
        broken = reading.broken()
        if broken is None and against is not None:
            broken = reading.misses(against)
        elif broken is None:
            broken = self._misanchored(file, known, reading)
        return Verdict(entries=reading.count, head=reading.head, broken=broken)

    def _misanchored(self, file: Anchor | None, known: Known | None, reading: Reading) -> Broken | None:
        if known is None or file is None:
            words = "nobody knows where it should end; give a head that you kept, with --head"
            return (
                Broken(seq=reading.head.seq, damage=Damage.UNANCHORED, words=words) if reading.count else None
            )
        broken = reading.misses(known.least)
        if broken is not None or not file.is_alone:
            return broken
        return _goes_too_far(reading.head, (*known.heads, *_now(file, known)))


class Reading:
    """One reading of the whole audit, from its beginning, a page at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.count = 0
        self.head = Head()

    def broken(self) -> Broken | None:
        """The first entry that does not hold, and what was done to it."""
        with self._database.reading() as connection:
            first = connection.execute(FIRST).scalar()
        if first is not None and first < 1:
            return inserted(first)
        last = BEGINNING
        for line in self._lines(0):
            if not line.follows(last):
                return named(last, line, list(self._lines(line.seq)), self._hash)
            last = line
            self.count, self.head = self.count + 1, Head(seq=line.seq, hash=line.hash.hex())
        return None

    def misses(self, head: Head) -> Broken | None:
        """Why this head is not in the audit, which is whole in itself; None where it is."""
        with self._database.reading() as connection:
            if head.seq == 0:
                return self._misses_hash(connection, head)
            if chain.has(connection, head):
                return None
        last = self.head.seq
        if last < head.seq:
            words = f"it ends with entry {last}; entry {head.seq} was there" if last else "all of it is gone"
            return Broken(seq=last + 1, damage=Damage.TRUNCATION, words=words)
        words = f"entry {head.seq} is not the one that was there: it, or what came before, was written anew"
        return Broken(seq=head.seq, damage=Damage.REWRITE, words=words)

    def _misses_hash(self, connection: Connection, head: Head) -> Broken | None:
        found = select(audit.c.seq).where(audit.c.hash == bytes.fromhex(head.hash))
        if head == Head() or connection.execute(found).first() is not None:
            return None
        words = f"no entry has the hash {head.hash[:12]}…: the end was cut off, or all was written anew"
        return Broken(seq=self.head.seq + 1, damage=Damage.TRUNCATION, words=words)

    def _hash(self, seq: int) -> bytes | None:
        with self._database.reading() as connection:
            return connection.execute(chain.HASH, {"which": seq}).scalar()

    def _lines(self, after: int) -> Iterator[Line]:
        while True:
            with self._database.reading() as connection:
                page = connection.execute(AFTER, {"after": after, "most": PAGE}).all()
            for row in page:
                yield Line(row.seq, raw(row.previous), row.deployment, row.event, raw(row.hash))
            if len(page) < PAGE:
                return
            after = page[-1].seq


def _goes_too_far(head: Head, known: tuple[Head, ...]) -> Broken | None:
    """Whether the newest entries were written by somebody who did not pass by the anchor."""
    most = max(one.seq for one in known)
    if head in known or head.seq < most:
        return None
    if head.seq == most:
        return Broken(seq=most, damage=Damage.REWRITE, words=f"entry {most} is not the one that was written")
    return Broken(seq=most + 1, damage=Damage.INSERT, words=f"none of ours wrote what stands after {most}")


def _now(file: Anchor, known: Known) -> tuple[Head, ...]:
    """What the anchor has come to know meanwhile: others go on writing while one reads."""
    found = file.read()
    return found.heads if found is not None and found != known else ()


def _known_words(file: Anchor | None) -> str:
    try:
        known = file.read() if file is not None else None
    except AuditUnusable as problem:
        return str(problem)
    return str(known.after) if known else ""


def _entry(row: RowMapping) -> Entry:
    try:
        facts: dict[str, str | int] = json.loads(row["event"])
        at, kind, by = int(facts.pop("at")), AuditKind(facts.pop("kind")), str(facts.pop("by"))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise AuditUnusable(f"entry {row['seq']} cannot be read") from problem
    told = {name: str(value) for name, value in facts.items()}
    hash = raw(row["hash"]).hex()
    return Entry(seq=row["seq"], at=at, kind=kind, deployment=row["deployment"], by=by, facts=told, hash=hash)
