"""Plans: exactly what a person approves."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from orchestrate.models.alert import Alert
from orchestrate.models.approval import ApprovalRule
from orchestrate.models.change import MergeOrder, Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import EnvironmentType, Monitoring, Strategy, Triggers
from orchestrate.models.fact import Fact, digest
from orchestrate.models.gate import Override
from orchestrate.models.image_signature import ImageSignature
from orchestrate.models.move import Irreversible, Migrate, Move, undo_of
from orchestrate.models.proven import Proven
from orchestrate.models.rehearsed import Rehearsal
from orchestrate.models.signature import Signature


class Risk(StrEnum):
    """How much a deployment could hurt."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


TO_DO = "to be done before approving: "
"""How a check begins that nobody has made yet."""


class PlannedMove(Fact):
    """A move and what takes it back."""

    move: Move
    undo: Move | Irreversible


def planned(move: Move) -> PlannedMove:
    """`move` beside its undo."""
    return PlannedMove(move=move, undo=undo_of(move))


class Shipped(Fact):
    """What one component goes from and to."""

    component: str
    strategy: Strategy
    from_version: Version | None
    to_version: Version
    proven: Proven | None = None  # what it was in the environment before
    rehearsal: Rehearsal | None = None  # production: whether its way back was tried there


ONE_WAY = "one-way"
"""How the reason begins that a migration's own comment gives: `-- one-way: WHY`."""


class MigrationVerdict(Fact):
    """What the linter said about one migration file."""

    path: str
    sha256: str
    verdict: str  # ok | warn | dangerous
    reasons: tuple[str, ...] = ()


def one_way(verdicts: Iterable[MigrationVerdict]) -> tuple[str, ...]:
    """Those of which their authors say that the version before cannot run with what comes of them."""
    return tuple(one.path for one in verdicts if any(why.startswith(ONE_WAY) for why in one.reasons))


class Plan(Fact):
    """What will happen, as integers and strings; its SHA-256 is what a person approves."""

    schema_version: int = 1
    deployment: str
    kind: Kind = Kind.DEPLOY
    environment: str
    environment_type: EnvironmentType
    service: str
    task: str | None
    change: str | None
    head: str | None
    merge: MergeOrder | None  # None: nothing is left to merge
    version: Version
    signature: Signature | None = None  # of the version, where the environment demands one
    images: tuple[ImageSignature, ...] = ()  # who signed what runs, where the environment demands it
    ships: tuple[Shipped, ...]
    moves: tuple[PlannedMove, ...]
    checks: tuple[str, ...]  # pre-deploy checklist: the gates that passed, and what is TO_DO
    verification: tuple[str, ...]  # names of health checks and smoke tests
    triggers: Triggers
    monitoring: Monitoring
    alerts: dict[str, dict[str, Alert]] = {}  # component → name → threshold
    migrations: tuple[MigrationVerdict, ...] = ()
    overrides: tuple[Override, ...] = ()
    approval: ApprovalRule | None = None  # None: nobody is asked
    risk: Risk
    risk_reasons: tuple[str, ...]
    success: tuple[str, ...]  # success criteria
    rollback_seconds: int  # estimated time to roll back
    settings_digest: str  # SHA-256 of the environment's settings
    made_by: str  # the runbook planner, or the model's id

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return digest(self)

    @property
    def one_way(self) -> tuple[str, ...]:
        """Migrations whose authors say that the version before cannot run with what comes of them."""
        return one_way(self.migrations)

    @property
    def has_migrations(self) -> bool:
        return any(isinstance(step.move, Migrate) for step in self.moves)
