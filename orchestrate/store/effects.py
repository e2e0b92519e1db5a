"""Effects: what was meant to change outside, remembered before it is tried."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    Connection,
    Executable,
    Float,
    RowMapping,
    String,
    Text,
    Update,
    bindparam,
    case,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from orchestrate.errors import EffectRefused
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Lease
from orchestrate.models.effect import Effect, EffectState
from orchestrate.outside import clipped
from orchestrate.store.chain import note, short
from orchestrate.store.database import Database
from orchestrate.store.driving import hold
from orchestrate.store.rows import clean, clean_json, fact
from orchestrate.store.tables import effects

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

rows = effects.c
KEPT_ARGS = 1024  # bytes
Answer = dict[str, str | float]

MINE = (rows.deployment == bindparam("whose"), rows.key == bindparam("which"))

DONE = (
    update(effects)
    .where(*MINE)
    .values(
        state=EffectState.DONE,
        receipt=case((rows.state == EffectState.DONE, rows.receipt), else_=bindparam("answer", type_=Text)),
        done_at=case((rows.state == EffectState.DONE, rows.done_at), else_=bindparam("now", type_=Float)),
    )
)
ENDED = (
    update(effects)
    .where(*MINE)
    .values(
        state=case((rows.state == EffectState.DONE, rows.state), else_=bindparam("end", type_=String)),
        why=bindparam("reason"),
    )
)
OF = select(effects).where(rows.deployment == bindparam("whose")).order_by(rows.at, rows.key)


class Effects:
    """Remembers each effect under its key: meant, done with a receipt, failed, or unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, lease: Lease, key: str, name: str, args_json: str) -> Effect:
        """Remember what is about to be done, or say what is known about it. Raises LeaseLost, AuditUnusable.

        A failed one is meant again; one that is done or unknown comes back as it is. Of long arguments
        the beginning and the end are kept: texts for people are kept where they are said.
        """
        now = self._database.clock()
        args = clipped(clean_json(args_json), KEPT_ARGS)
        intent = Effect(key=key, deployment=lease.deployment, name=name, args=args, at=now)
        statement = _intend(self._database.is_sqlite)
        with self._database.writing() as connection:
            hold(connection, lease, now)
            effect = _effect(connection.execute(statement, intent.model_dump()).mappings().one())
            if effect.state is not EffectState.DONE:
                _tell(connection, AuditKind.INTENT, lease, key, args=short(args_json), name=name)
            return effect

    def done(self, lease: Lease, key: str, receipt_json: str) -> None:
        """It happened; the first receipt stays. Raises LeaseLost, EffectRefused (never meant)."""
        receipt = clean_json(receipt_json)
        answer: Answer = {"answer": receipt, "now": self._database.clock()}
        self._end(lease, key, DONE, AuditKind.DONE, answer, receipt=short(receipt))

    def unknown(self, lease: Lease, key: str, why: str) -> None:
        """Nobody can say whether it happened. Raises LeaseLost, EffectRefused (never meant)."""
        answer: Answer = {"end": EffectState.UNKNOWN, "reason": clean(why)}
        self._end(lease, key, ENDED, AuditKind.UNKNOWN, answer, why=short(why))

    def failed(self, lease: Lease, key: str, why: str) -> None:
        """It is known not to have happened. Raises LeaseLost, EffectRefused (never meant)."""
        answer: Answer = {"end": EffectState.FAILED, "reason": clean(why)}
        self._end(lease, key, ENDED, AuditKind.FAILED, answer, why=short(why))

    def of(self, deployment: str) -> tuple[Effect, ...]:
        """What a deployment meant to do, oldest first."""
        with self._database.reading() as connection:
            return tuple(_effect(row) for row in connection.execute(OF, {"whose": deployment}).mappings())

    def _end(  # noqa: PLR0913  the row's change, and what the audit is told of it
        self, lease: Lease, key: str, statement: Update, kind: AuditKind, values: Answer, **facts: str
    ) -> None:
        with self._database.writing() as connection:
            hold(connection, lease, self._database.clock())
            asked = {"whose": lease.deployment, "which": key, **values}
            if connection.execute(statement, asked).rowcount == 0:
                raise EffectRefused(key, "it was never meant to be done")
            _tell(connection, kind, lease, key, **facts)


def _tell(connection: Connection, kind: AuditKind, lease: Lease, key: str, **facts: str) -> None:
    short_key = key.removeprefix(f"{lease.deployment}/")
    note(connection, kind, deployment=lease.deployment, by=lease.worker, key=short_key, **facts)


@cache
def _intend(is_sqlite: bool) -> Executable:
    new = sqlite.insert(effects) if is_sqlite else _postgres_insert()
    again = rows.state.in_((EffectState.INTENT, EffectState.FAILED))
    return new.on_conflict_do_update(
        index_elements=[rows.deployment, rows.key],
        set_={
            "attempts": case((again, rows.attempts + 1), else_=rows.attempts),
            "state": case((again, EffectState.INTENT), else_=rows.state),
        },
    ).returning(*rows)


def _postgres_insert() -> postgresql.Insert:
    from sqlalchemy.dialects import postgresql  # only where it is used: the command line is to start quickly

    return postgresql.insert(effects)


def _effect(row: RowMapping) -> Effect:
    return fact(Effect, row)
