"""Evidence: everything the gates may look at, read once, at one moment."""

from __future__ import annotations

from orchestrate.models.change import Change, Preview, Version
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import Environment, Person
from orchestrate.models.fact import Fact
from orchestrate.models.image_signature import ImageSignature
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.proven import Proven
from orchestrate.models.quarantine import Quarantine
from orchestrate.models.rehearsed import Rehearsal
from orchestrate.models.runtime import Resources, Running
from orchestrate.models.sample import SampleState
from orchestrate.models.signature import Signature
from orchestrate.models.task import Task
from orchestrate.models.windows import CalledFreeze


class Evidence(Fact):
    """What was found; a field that could not be read is None, and `unread` says why."""

    at: float  # epoch seconds
    request: Request
    environment: Environment
    people: tuple[Person, ...] = ()
    task: Task | None = None
    change: Change | None = None
    preview: Preview | None = None
    version: Version | None = None  # what would be deployed
    verdicts: tuple[MigrationVerdict, ...] | None = None  # of pending migrations
    running: tuple[Running, ...] | None = None
    resources: Resources | None = None
    missing_secrets: tuple[str, ...] | None = None
    buildable: tuple[str, ...] | None = None  # components whose artifact exists or can be built
    built: tuple[str, ...] | None = ()  # components whose artifact exists and is whole
    digests: dict[str, str] = {}  # of those, as they are here now
    proven: tuple[Proven, ...] = ()  # what the version was in the environment before
    rehearsals: tuple[Rehearsal, ...] = ()  # whether its way back was tried there
    signature: Signature | None = None  # of the version, where the environment demands one
    images: tuple[ImageSignature, ...] = ()  # of each component, where the environment demands them
    proven_here: bool = False  # these contents ran and were verified in this environment before
    backup_possible: bool | None = None
    holder: str | None = None  # deployment that has the environment
    called_freeze: CalledFreeze | None = None  # what a person froze, beside the settings' freezes
    quarantines: tuple[Quarantine, ...] = ()  # those that the version contains
    promoted: bool | None = None
    metrics: dict[str, SampleState] | None = None  # component → what its source answers now
    unread: dict[str, str] = {}  # field → why it could not be read
    silent: tuple[str, ...] = ()  # those of them where nobody answered: they may be read a moment later
    checking_since: float | None = None  # when waiting for checks began

    @property
    def goes_back(self) -> bool:
        """Whether it is a rollback to what ran and was verified in this environment."""
        return self.request.kind is Kind.ROLLBACK and self.proven_here
