"""Everything a planner may know about a deployment, gathered before it plans."""

from __future__ import annotations

from orchestrate.models.change import Change, MergeOrder, Version
from orchestrate.models.deployment import Request
from orchestrate.models.environment import Environment
from orchestrate.models.fact import Fact
from orchestrate.models.gate import GateResult, Override
from orchestrate.models.image_signature import ImageSignature
from orchestrate.models.learning import Held, Learning
from orchestrate.models.move import MigrationFile
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.proven import Proven
from orchestrate.models.rehearsed import Rehearsal
from orchestrate.models.runtime import Running
from orchestrate.models.signature import Signature
from orchestrate.models.task import Task


class Situation(Fact):
    """What is asked, what runs now, and what the gates found."""

    deployment: str
    request: Request
    environment: Environment
    task: Task | None = None
    change: Change | None = None
    merge: MergeOrder | None = None
    version: Version
    signature: Signature | None = None
    images: tuple[ImageSignature, ...] = ()
    proven: tuple[Proven, ...] = ()  # what the version was in the environment before
    rehearsals: tuple[Rehearsal, ...] = ()  # whether its way back was tried there
    running: tuple[Running, ...]  # one per component
    files: dict[str, tuple[MigrationFile, ...]] = {}  # component → pending migrations, in order
    verdicts: tuple[MigrationVerdict, ...] = ()
    gates: tuple[GateResult, ...] = ()
    overrides: tuple[Override, ...] = ()
    settings_digest: str
    changed_files: tuple[str, ...] = ()
    lines_changed: int = 0
    learnt: tuple[Learning, ...] = ()  # about these files, by deploying them before
    held: tuple[Held, ...] = ()  # by others who work on them
