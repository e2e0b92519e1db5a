"""The audit: what was decided and what was about to be done, chained so that a change is seen."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.fact import Fact

GENESIS = bytes(32)
"""What the first entry has as the hash of the one before."""


class AuditKind(StrEnum):
    """What an entry of the audit tells."""

    INTENT = "intent"  # an effect is about to happen
    DONE = "done"  # it happened; the receipt's hash tells what came of it
    FAILED = "failed"  # it is known not to have happened
    UNKNOWN = "unknown"  # nobody can say
    CLAIMED = "claimed"  # a worker took a deployment on
    PLANNED = "planned"
    DECIDED = "decided"  # a person answered a question
    USED = "used"  # an answer let the first change through
    LOCKED = "locked"
    FREED = "freed"
    QUARANTINED = "quarantined"
    LIFTED = "lifted"
    FROZEN = "frozen"  # a person let nothing start in an environment for a while
    THAWED = "thawed"
    UNBLOCKED = "unblocked"  # a task that gates stopped is about to be put back into its queue
    ENDED = "ended"
    SETTINGS = "settings"  # a worker serves with settings of this hash
    PLACE = "place"  # an environment of the store was saved or deleted
    SECRET = "secret"  # noqa: S105  a secret was set, rotated or forgotten: its name, never its value
    FORGOTTEN = "forgotten"  # a person is about to have something that was learnt forgotten
    STOPPED = "stopped"  # somebody stopped effects
    ALLOWED = "allowed"
    ANCHORED = "anchored"  # a person let the audit go on after its end did not fit


class Entry(Fact):
    """One entry; `at` in milliseconds since the epoch, hashes as hex."""

    seq: int
    at: int
    kind: AuditKind
    deployment: str  # '' where it is about no deployment
    by: str
    facts: dict[str, str]
    hash: str


class Head(Fact):
    """The newest entry of an audit, by which a longer one can be told from one that was cut off."""

    seq: int = 0
    hash: str = GENESIS.hex()

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class Damage(StrEnum):
    """What was done to an audit that does not hold together."""

    FLIP = "flip"  # an entry was changed
    DELETION = "deletion"  # entries are missing between others
    REORDER = "reorder"  # entries stand in another order
    INSERT = "forged insert"  # an entry that none of ours wrote
    TRUNCATION = "truncation"  # the newest entries are missing
    REWRITE = "rewrite"  # another story than the one whose head is known, from some entry on
    UNANCHORED = "no anchor"  # nobody knows where it should end


class Broken(Fact):
    """Where an audit is broken first, and how."""

    seq: int
    damage: Damage
    words: str


class Verdict(Fact):
    """What came of reading the whole audit."""

    entries: int
    head: Head
    broken: Broken | None = None
