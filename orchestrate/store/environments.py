"""Environments: the places that can be deployed to, as they were last saved."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from orchestrate.errors import UnknownEnvironment
from orchestrate.models.audit import AuditKind
from orchestrate.models.environment import Environment
from orchestrate.store.chain import note, short
from orchestrate.store.database import Database
from orchestrate.store.rows import Ulids
from orchestrate.store.tables import environments

rows = environments.c

CONFIG = select(rows.config).where(rows.name == bindparam("wanted"))
NAMES = select(rows.name).order_by(rows.name)
ALL = select(rows.config).order_by(rows.name)
CHANGE = (
    update(environments)
    .where(rows.name == bindparam("wanted"))
    .values(type=bindparam("kind"), config=bindparam("text"), updated_at=bindparam("now"))
)
DELETE = delete(environments).where(rows.name == bindparam("wanted"))


class Environments:
    """The table of environments (E1)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = Ulids(database.clock)

    def save(self, environment: Environment) -> None:
        """Add it, or take the place of the one with its name."""
        now = self._database.clock()
        text = environment.model_dump_json()
        change = {"wanted": environment.name, "kind": environment.type, "text": text, "now": now}
        with self._database.writing() as connection:
            if connection.execute(CHANGE, change).rowcount == 0:
                row = {"id": self._ids.next(), "name": environment.name, "type": environment.type}
                times = {"created_at": now, "updated_at": now}
                connection.execute(insert(environments), {**row, "config": text, **times})
            note(connection, AuditKind.PLACE, environment=environment.name, config=short(text))

    def environment(self, name: str) -> Environment:
        """The environment called `name`. Raises UnknownEnvironment, which names those there are."""
        with self._database.reading() as connection:
            text = connection.execute(CONFIG, {"wanted": name}).scalar()
            if text is None:
                raise _unknown(connection, name)
        return Environment.model_validate_json(text)

    def all(self) -> tuple[Environment, ...]:
        """Every environment, by name."""
        with self._database.reading() as connection:
            return tuple(Environment.model_validate_json(text) for text in connection.execute(ALL).scalars())

    def delete(self, name: str) -> None:
        """Forget it. Raises UnknownEnvironment."""
        with self._database.writing() as connection:
            if connection.execute(DELETE, {"wanted": name}).rowcount == 0:
                raise _unknown(connection, name)
            note(connection, AuditKind.PLACE, environment=name, config="deleted")


def _unknown(connection: Connection, name: str) -> UnknownEnvironment:
    return UnknownEnvironment(name, connection.execute(NAMES).scalars().all())
