"""The store: everything that must survive a restart, in SQLite or PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import format_exception

from sqlalchemy import Engine

from orchestrate.store import pruning, schema, soundness
from orchestrate.store.announcements import Announcements
from orchestrate.store.audit import Audit
from orchestrate.store.changes import ChangeBook
from orchestrate.store.database import Clock, Database, opened
from orchestrate.store.deployments import Deployments
from orchestrate.store.effects import Effects
from orchestrate.store.environments import Environments
from orchestrate.store.events import Events
from orchestrate.store.freezes import Freezes
from orchestrate.store.keepsakes import Keepsakes
from orchestrate.store.learnings import Learnings
from orchestrate.store.leases import Leases
from orchestrate.store.locks import Locks
from orchestrate.store.logs import Logs
from orchestrate.store.model_calls import ModelCalls
from orchestrate.store.objections import Objections
from orchestrate.store.outbox import Outbox
from orchestrate.store.plans import Plans
from orchestrate.store.quarantine import Quarantines
from orchestrate.store.questions import Questions
from orchestrate.store.reservations import ReservationBook
from orchestrate.store.secrets import Secrets
from orchestrate.store.switch import Switch
from orchestrate.store.tasks import TaskBook
from orchestrate.store.threads import Threads
from orchestrate.store.verified import Verified
from orchestrate.store.watches import Watches

__all__ = ["Store"]


class Store:
    """One database, by subject; each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.deployments = Deployments(database)
        self.leases = Leases(database)
        self.locks = Locks(database)
        self.freezes = Freezes(database)
        self.quarantine = Quarantines(database)
        self.plans = Plans(database)
        self.questions = Questions(database)
        self.effects = Effects(database)
        self.events = Events(database)
        self.watches = Watches(database)
        self.logs = Logs(database)
        self.environments = Environments(database)
        self.tasks = TaskBook(database)
        self.changes = ChangeBook(database)
        self.announcements = Announcements(database)
        self.verified = Verified(database)
        self.secrets = Secrets(database)
        self.audit = Audit(database)
        self.switch = Switch(database)
        self.model_calls = ModelCalls(database)
        self.objections = Objections(database)
        self.keepsakes = Keepsakes(database)
        self.threads = Threads(database)
        self.outbox = Outbox(database)
        self.learnings = Learnings(database)
        self.reservations = ReservationBook(database)

    @classmethod
    def open(cls, url: str, *, clock: Clock = time.time, home: Path | None = None) -> Store:
        """The store at `url`: sqlite:////file.db (created when missing) or postgresql+psycopg://….

        `home` is the folder in which a server's audit is anchored; beside a SQLite file it always is.
        Tables are neither made nor changed: see `upgrade`. Raises StoreUnusable.
        """
        return cls(opened(url, clock, home))

    @property
    def engine(self) -> Engine:
        return self._database.engine

    @property
    def clock(self) -> Clock:
        return self._database.clock

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()

    @contextmanager
    def together(self) -> Generator[None]:
        """All that is written inside happens in one transaction, or nothing of it; nothing may be awaited."""
        with self._database.writing():
            yield

    def upgrade(self) -> None:
        """Bring the tables to this version, however many processes ask for it. Raises StoreUnusable."""
        schema.upgrade(self._database)

    def check(self) -> None:
        """Raises StoreUnusable, with the cause and the cure, unless the store can be relied on."""
        soundness.check(self._database)

    def keep_fault(self, deployment: str, kind: str, fault: Exception) -> None:
        """Keep what nobody foresaw: a line of the deployment's story, and the traceback in its log."""
        self.events.add(deployment, None, kind, f"{type(fault).__name__}: {fault}")
        self.logs.add(deployment, "traceback", "".join(format_exception(fault)))

    def prune(self, deployment: str) -> None:
        """Forget what a finished deployment no longer needs: log middles and single samples."""
        with self._database.writing() as connection:
            pruning.prune(connection, deployment)
