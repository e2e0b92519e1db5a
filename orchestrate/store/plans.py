"""Plans: the exact text that a person approves, kept under its own hash."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select

from orchestrate.errors import EffectRefused
from orchestrate.models.fact import canonical
from orchestrate.models.plan import Plan
from orchestrate.store.database import Database
from orchestrate.store.rows import insert_once
from orchestrate.store.tables import deployments, plans

OF = (
    select(plans.c.hash, plans.c.text)
    .join(deployments, deployments.c.plan_hash == plans.c.hash)
    .where(deployments.c.id == bindparam("whose"))
)
TEXT = select(plans.c.text).where(plans.c.hash == bindparam("wanted"))

MOST_PROVEN = 64
"""Plans that one process remembers."""


class Plans:
    """Keeps plans, and gives back none that was changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._proven: dict[str, Plan] = {}

    def save(self, plan: Plan) -> str:
        """Keep the plan; its hash."""
        with self._database.writing() as connection:
            return insert_plan(connection, plan, self._database.clock())

    def plan(self, hash: str) -> Plan:
        """The plan with this hash. Raises EffectRefused where its text is missing or has another hash."""
        with self._database.reading() as connection:
            text = connection.execute(TEXT, {"wanted": hash}).scalar()
        if text is None:
            raise EffectRefused("plan", f"no plan has the hash {hash[:12]}")
        if len(self._proven) >= MOST_PROVEN:
            self._proven.clear()
        self._proven[hash] = proven = _proven(hash, text)
        return proven

    def proven(self, hash: str) -> Plan:
        """The plan that was found to have this hash before; for the first time, as `plan` gives it."""
        return self._proven.get(hash) or self.plan(hash)

    def of(self, deployment: str) -> Plan:
        """A deployment's plan. Raises EffectRefused where it has none, or its text has another hash."""
        with self._database.reading() as connection:
            found = connection.execute(OF, {"whose": deployment}).first()
        if found is None:
            raise EffectRefused("plan", f"deployment {deployment} has no plan")
        return _proven(found.hash, found.text)


def insert_plan(connection: Connection, plan: Plan, now: float) -> str:
    """Keep the plan in this transaction; its hash."""
    text = canonical(plan)
    hash = _sha256(text)
    insert_once(connection, plans, {"hash": hash, "deployment": plan.deployment, "text": text, "at": now})
    return hash


def _proven(hash: str, text: str) -> Plan:
    found, plan = _read(text)
    if found != hash:
        raise EffectRefused("plan", f"the stored plan {hash[:12]} is not the one that was approved")
    return plan


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[str, Plan]:
    """The hash of a text, and what it says; every step reads its plan again, and most find the same text."""
    return _sha256(text), Plan.model_validate_json(text)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
