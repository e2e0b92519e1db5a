"""What somebody who can write the database may do to an audit, each at a place of their choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from orchestrate.models.audit import AuditKind, Damage
from orchestrate.store import Store
from orchestrate.store.chain import audit, digest

FAR = 1_000_000

rows = audit.c


@dataclass(frozen=True)
class Found:
    """What a verification has to say about it."""

    seq: int
    damage: Damage


def told(store: Store, entries: int) -> None:
    """An audit with so many entries."""
    for number in range(entries):
        store.audit.add(AuditKind.PLACE, by="ada", environment=f"place {number}")


def flipped(connection: Connection, at: int) -> Found:
    """One character of an event."""
    row = connection.execute(select(rows.event).where(rows.seq == at)).scalar_one()
    _set(connection, at, event=row.replace("ada", "adb"))
    return Found(at, Damage.FLIP)


def flipped_hash(connection: Connection, at: int) -> Found:
    _set(connection, at, hash=bytes(32))
    return Found(at, Damage.FLIP)


def flipped_previous(connection: Connection, at: int) -> Found:
    _set(connection, at, previous=bytes([7]) * 32)
    return Found(at, Damage.FLIP)


def moved_to_another_deployment(connection: Connection, at: int) -> Found:
    _set(connection, at, deployment="01OTHER")
    return Found(at, Damage.FLIP)


def flipped_and_hashed_anew(connection: Connection, at: int) -> Found:
    """The entry is sound again, and no longer what the next one follows."""
    row = connection.execute(select(audit).where(rows.seq == at)).one()
    event = row.event.replace("ada", "adb")
    _set(connection, at, event=event, hash=digest(at, row.previous, row.deployment, event))
    is_last = at == _last(connection)
    return Found(at, Damage.REWRITE if is_last else Damage.FLIP)


def deleted(connection: Connection, at: int) -> Found:
    is_last = at == _last(connection)
    connection.execute(delete(audit).where(rows.seq == at))
    return Found(at, Damage.TRUNCATION if is_last else Damage.DELETION)


def deleted_and_renumbered(connection: Connection, at: int) -> Found:
    found = deleted(connection, at)
    _shift(connection, at, -1)
    return found


def swapped(connection: Connection, at: int) -> Found:
    """With the next one, or the last with the first."""
    last = _last(connection)
    other = at + 1 if at < last else 1
    for before, after in ((at, FAR), (other, at), (FAR, other)):
        connection.execute(update(audit).where(rows.seq == before).values(seq=after))
    return Found(min(at, other), Damage.REORDER)


def moved_to_the_end(connection: Connection, at: int) -> Found:
    """Or, what is there already, to the beginning."""
    last = _last(connection)
    if at == last:
        _shift(connection, 0, 1)
        connection.execute(update(audit).where(rows.seq == last + 1).values(seq=1))
        return Found(1, Damage.REORDER)
    connection.execute(update(audit).where(rows.seq == at).values(seq=FAR))
    _shift(connection, at, -1)
    connection.execute(update(audit).where(rows.seq == FAR - 1).values(seq=last))
    return Found(at, Damage.REORDER)


def put_in(connection: Connection, at: int) -> Found:
    """An entry of somebody who does not know the chain, before the one at this place."""
    _shift(connection, at - 1, 1)
    _insert(connection, at, bytes(32), bytes(32))
    return Found(at, Damage.INSERT)


def put_in_well(connection: Connection, at: int) -> Found:
    """One that follows rightly; what comes after it does not."""
    _shift(connection, at - 1, 1)
    before = connection.execute(select(rows.hash).where(rows.seq == at - 1)).scalar() or bytes(32)
    _insert(connection, at, before, digest(at, before, "", "forged"))
    return Found(at, Damage.INSERT)


def copied(connection: Connection, at: int) -> Found:
    """An entry that stands there already, once more at the end."""
    row = connection.execute(select(audit).where(rows.seq == at)).one()
    end = _last(connection) + 1
    values = {"previous": row.previous, "deployment": "", "event": row.event, "hash": row.hash}
    connection.execute(insert(audit).values(seq=end, **values))
    return Found(end, Damage.INSERT)


def cut_off(connection: Connection, at: int) -> Found:
    """Everything from this place on."""
    connection.execute(delete(audit).where(rows.seq >= at))
    return Found(at, Damage.TRUNCATION)


def written_anew(connection: Connection, at: int) -> Found:
    """Another story from this place on, well chained; its end is another."""
    last = _last(connection)
    previous = connection.execute(select(rows.hash).where(rows.seq == at - 1)).scalar() or bytes(32)
    for seq in range(at, last + 1):
        event = connection.execute(select(rows.event).where(rows.seq == seq)).scalar_one()
        other = event.replace("ada", "adb")
        hash = digest(seq, previous, "", other)
        _set(connection, seq, event=other, previous=previous, hash=hash)
        previous = hash
    return Found(last, Damage.REWRITE)


Tampering = Callable[[Connection, int], Found]

ALL: tuple[Tampering, ...] = (
    flipped,
    flipped_hash,
    flipped_previous,
    moved_to_another_deployment,
    flipped_and_hashed_anew,
    deleted,
    deleted_and_renumbered,
    swapped,
    moved_to_the_end,
    put_in,
    put_in_well,
    copied,
    cut_off,
    written_anew,
)


def _set(connection: Connection, at: int, **values: str | bytes) -> None:
    connection.execute(update(audit).where(rows.seq == at).values(**values))


def _insert(connection: Connection, at: int, previous: bytes, hash: bytes) -> None:
    values = {"previous": previous, "deployment": "", "event": "forged", "hash": hash}
    connection.execute(insert(audit).values(seq=at, **values))


def _last(connection: Connection) -> int:
    return connection.execute(select(rows.seq).order_by(rows.seq.desc()).limit(1)).scalar_one()


def _shift(connection: Connection, after: int, by: int) -> None:
    """Give every later entry another number; two steps, because no two may have the same meanwhile."""
    connection.execute(update(audit).where(rows.seq > after).values(seq=-rows.seq))
    connection.execute(update(audit).where(rows.seq < 0).values(seq=-rows.seq + by))
