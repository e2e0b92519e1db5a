"""Verified: which versions ran in an environment and passed all checks."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select

from orchestrate.models.change import Version
from orchestrate.store.database import Database
from orchestrate.store.tables import deployments, verified

rows = verified.c

RECORD = insert(verified)
LAST = (
    select(rows.version)
    .where(rows.environment == bindparam("place"), rows.service == bindparam("what"))
    .order_by(rows.number.desc())
    .limit(1)
)
HAS = (
    select(rows.number)
    .where(rows.environment == bindparam("place"), rows.service == bindparam("what"))
    .where(rows.tree == bindparam("contents"))
    .limit(1)
)
THOSE = (
    select(rows.deployment)
    .where(rows.environment == bindparam("place"), rows.service == bindparam("what"))
    .where(rows.tree == bindparam("contents"))
    .order_by(rows.number.desc())
)
WHO = THOSE.limit(1)
BY = select(rows.version).where(rows.deployment == bindparam("whose")).order_by(rows.number.desc()).limit(1)
OWN = select(rows.at).where(rows.deployment == bindparam("whose")).order_by(rows.number).limit(1)
FINISHED_AT = select(deployments.c.finished_at).where(deployments.c.id == bindparam("whose"))
BEFORE = LAST.where(rows.deployment != bindparam("whose"))


class Verified:
    """Remembers what proved itself where (G12), and so what to go back to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, environment: str, service: str, version: Version, deployment: str) -> None:
        """`version` was verified by `deployment` now."""
        place = {"environment": environment, "service": service, "deployment": deployment}
        what = {"tree": version.tree, "version": version.model_dump_json(), "at": self._database.clock()}
        with self._database.writing() as connection:
            connection.execute(RECORD, {**place, **what})

    def last(self, environment: str, service: str) -> Version | None:
        """What was verified last."""
        with self._database.reading() as connection:
            return _version(connection.execute(LAST, {"place": environment, "what": service}).scalar())

    def by(self, deployment: str) -> Version | None:
        """What `deployment` verified: after a merge, the merge commit and not the head."""
        with self._database.reading() as connection:
            return _version(connection.execute(BY, {"whose": deployment}).scalar())

    def has(self, environment: str, service: str, tree: str) -> bool:
        """Whether a version with these contents was ever verified there."""
        asked = {"place": environment, "what": service, "contents": tree}
        with self._database.reading() as connection:
            return connection.execute(HAS, asked).first() is not None

    def who(self, environment: str, service: str, tree: str) -> str | None:
        """The deployment that verified these contents there last."""
        asked = {"place": environment, "what": service, "contents": tree}
        with self._database.reading() as connection:
            return connection.execute(WHO, asked).scalar()

    def those(self, environment: str, service: str, tree: str) -> tuple[str, ...]:
        """Every deployment that verified these contents there, newest first."""
        asked = {"place": environment, "what": service, "contents": tree}
        with self._database.reading() as connection:
            return tuple(connection.execute(THOSE, asked).scalars())

    def before(self, environment: str, service: str, deployment: str) -> Version | None:
        """What had been verified last when `deployment` began to change the environment.

        For one that never verified anything: what was last when it ended, or is last now.
        """
        asked = {"place": environment, "what": service, "whose": deployment}
        with self._database.reading() as connection:
            end = connection.execute(OWN, {"whose": deployment}).scalar()
            if end is None:
                end = connection.execute(FINISHED_AT, {"whose": deployment}).scalar()
            earlier = BEFORE if end is None else BEFORE.where(rows.at <= end)
            return _version(connection.execute(earlier, asked).scalar())


def _version(text: str | None) -> Version | None:
    return None if text is None else Version.model_validate_json(text)
