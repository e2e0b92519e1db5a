"""What CI said of a commit on GitHub: check runs and statuses, and the required ones that never reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrate.models.change import Check, CheckState
from tools.systems.github_api import GithubApi
from tools.systems.github_shapes import CheckRun, RequiredCheck, Status

_CONCLUSIONS = {
    "success": CheckState.PASSED,
    "neutral": CheckState.PASSED,
    "skipped": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "cancelled": CheckState.FAILED,
    "timed_out": CheckState.FAILED,
    "action_required": CheckState.FAILED,
    "stale": CheckState.FAILED,
    "startup_failure": CheckState.FAILED,
}
_STATES = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "error": CheckState.FAILED,
    "pending": CheckState.PENDING,
}
_WORST_FIRST = (CheckState.FAILED, CheckState.PENDING, CheckState.MISSING, CheckState.PASSED)


async def checks_of(api: GithubApi, sha: str, required: Sequence[RequiredCheck]) -> tuple[Check, ...]:
    """One result for each name: the worst that was reported; what is required and not there is missing."""
    runs = await api.every(CheckRun, f"/commits/{sha}/check-runs", "check_runs", filter="latest")
    statuses = await api.every(Status, f"/commits/{sha}/status", "statuses")
    found = [*(_of_run(one, sha) for one in runs), *(_of_status(one, sha) for one in statuses)]
    found += [_missing(one, sha) for one in required if not _reported(one, runs, statuses)]
    names = dict.fromkeys(one.name for one in found)
    return tuple(_worst(one for one in found if one.name == name) for name in names)


def state_of(status: str, conclusion: str | None) -> tuple[CheckState, str]:
    """What a run's status and conclusion mean, and GitHub's own word; an unknown one is no result."""
    if status != "completed":
        return CheckState.PENDING, status
    said = conclusion or "no conclusion"
    return _CONCLUSIONS.get(said, CheckState.MISSING), said


def _of_run(run: CheckRun, sha: str) -> Check:
    state, said = state_of(run.status, run.conclusion)
    return Check(name=run.name, state=state, sha=sha, url=run.html_url or "", said=said)


def _of_status(status: Status, sha: str) -> Check:
    state = _STATES.get(status.state, CheckState.MISSING)
    return Check(name=status.context, state=state, sha=sha, url=status.target_url or "", said=status.state)


def _missing(required: RequiredCheck, sha: str) -> Check:
    return Check(name=required.context, state=CheckState.MISSING, sha=sha, said="required")


def _reported(required: RequiredCheck, runs: Sequence[CheckRun], statuses: Sequence[Status]) -> bool:
    """By the App that has to report it, where one is named; the same name by another one does not count."""
    by = required.integration_id
    is_run = any(one.name == required.context and _is_by(one, by) for one in runs)
    return is_run or (by in (None, -1) and any(one.context == required.context for one in statuses))


def _is_by(run: CheckRun, app: int | None) -> bool:
    return app in (None, -1) or (run.app is not None and run.app.id == app)


def _worst(several: Iterable[Check]) -> Check:
    return min(several, key=lambda one: _WORST_FIRST.index(one.state))
