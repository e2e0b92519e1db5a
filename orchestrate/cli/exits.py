"""Exit codes: the one table of what a command's number means."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from orchestrate.errors import (
    AuditUnusable,
    EffectsStopped,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    PromptInvalid,
    Refused,
    SettingsInvalid,
)


class Exit(IntEnum):
    """What a command ends with."""

    OK = 0  # deployed, answered, or shown
    NO = 1  # a gate, a check or a deployment said no
    WRONG = 2  # the command or the settings are wrong, or it names something unknown
    OUTSIDE = 3  # something outside failed
    WAITS = 4  # it waits for a person
    BACK = 5  # the release was taken back
    STUCK = 6  # taking it back failed, or nobody can say how things are: a person must look
    SURPRISE = 70  # a mistake in the product itself
    STOPPED = 130  # Ctrl-C
    PIPE = 141  # nobody reads the output any more


BY_OUTCOME: Mapping[str, Exit] = {
    "deployed": Exit.OK,
    "blocked": Exit.NO,
    "held": Exit.NO,
    "expired": Exit.NO,
    "conflict": Exit.NO,
    "merge_refused": Exit.NO,
    "failed_before_change": Exit.NO,
    "cancelled": Exit.NO,
    "superseded": Exit.NO,
    "rolled_back": Exit.BACK,
    "timed_out": Exit.BACK,
    "rollback_failed": Exit.STUCK,
    "parked": Exit.STUCK,
}
"""Every outcome of a deployment, as plain words that are quick to import; a test holds it complete."""

BY_ERROR: tuple[tuple[type[OrchestrateError], Exit], ...] = (
    (SettingsInvalid, Exit.WRONG),
    (PromptInvalid, Exit.WRONG),
    (NotFound, Exit.WRONG),
    (Refused, Exit.NO),
    (AuditUnusable, Exit.OUTSIDE),
    (EffectsStopped, Exit.NO),
    (OutcomeUnknown, Exit.STUCK),
    (OrchestrateError, Exit.OUTSIDE),
)
"""The first line that fits an error decides."""


def of_error(problem: OrchestrateError) -> Exit:
    """What a command ends with that met this problem."""
    return next(code for kind, code in BY_ERROR if isinstance(problem, kind))
