"""Exit codes: every outcome and every error has one."""

from __future__ import annotations

import pytest

from orchestrate import errors
from orchestrate.cli.exits import BY_OUTCOME, Exit, of_error
from orchestrate.models.deployment import Outcome


def test_every_outcome_has_its_code() -> None:
    assert set(BY_OUTCOME) == set(Outcome)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.DEPLOYED, 0),
        (Outcome.BLOCKED, 1),
        (Outcome.HELD, 1),
        (Outcome.CONFLICT, 1),
        (Outcome.MERGE_REFUSED, 1),
        (Outcome.EXPIRED, 1),
        (Outcome.CANCELLED, 1),
        (Outcome.SUPERSEDED, 1),
        (Outcome.FAILED_BEFORE_CHANGE, 1),
        (Outcome.ROLLED_BACK, 5),
        (Outcome.TIMED_OUT, 5),
        (Outcome.ROLLBACK_FAILED, 6),
        (Outcome.PARKED, 6),
    ],
)
def test_an_outcome_ends_with_the_code_that_is_promised(outcome: Outcome, code: int) -> None:
    assert BY_OUTCOME[outcome] == code


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (errors.SettingsInvalid("orchestrate.yaml", 3, "unknown key"), Exit.WRONG),
        (errors.VariableMissing("orchestrate.yaml", 3, "TOKEN"), Exit.WRONG),
        (errors.UnknownTask("T-9"), Exit.WRONG),
        (errors.NotAllowed("not you"), Exit.NO),
        (errors.EnvironmentBusy("production", "01K"), Exit.NO),
        (errors.AlreadyDecided("too late"), Exit.NO),
        (errors.Unreachable("nobody answers"), Exit.OUTSIDE),
        (errors.StoreUnusable("locked"), Exit.OUTSIDE),
        (errors.ModelFailed("no answer"), Exit.OUTSIDE),
        (errors.OutcomeUnknown("who knows"), Exit.STUCK),
    ],
)
def test_an_error_ends_with_the_code_of_its_kind(problem: errors.OrchestrateError, code: Exit) -> None:
    assert of_error(problem) is code
