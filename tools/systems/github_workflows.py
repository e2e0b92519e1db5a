"""GitHub's workflows: the runs of a commit, and what the jobs that failed wrote."""

from __future__ import annotations

from urllib.parse import urlsplit

from orchestrate.errors import NotFound, Unreachable
from orchestrate.models.change import CheckState
from tools.fetch import Ask, fetch
from tools.reach import Reach
from tools.systems.github_api import GithubApi
from tools.systems.github_checks import state_of
from tools.systems.github_shapes import Job, WorkflowRun
from tools.workflows import Run, newest

_CAP = 8 * 1024 * 1024  # bytes of one log that are read
_KEPT = 60_000  # characters of it that are kept, from its end


class GithubWorkflows:
    """Workflows of one repository."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api

    async def runs(self, commit: str) -> tuple[Run, ...]:
        found = await self._api.every(WorkflowRun, "/actions/runs", "workflow_runs", head_sha=commit)
        return newest([_run(one) for one in found])

    async def failed_logs(self, run: Run) -> str:
        """Logs that are no longer kept are said to be so. Raises Unreachable."""
        jobs = await self._api.every(Job, f"/actions/runs/{run.id}/jobs", "jobs", filter="latest")
        failed = [one for one in jobs if state_of(one.status, one.conclusion)[0] is CheckState.FAILED]
        return "\n".join([f"{one.name}:\n{await self._log(one)}" for one in failed])

    async def _log(self, job: Job) -> str:
        try:
            address = await self._api.leads_to(f"/actions/jobs/{job.id}/logs")
        except NotFound:
            return "(its log is not kept any more)"
        host = urlsplit(address).hostname or ""
        ask = Ask(url=address, seconds=10, cap=_CAP, is_enough_begun=True, reach=Reach(frozenset({host})))
        answer = await fetch(ask)
        if answer.status != 200:
            raise Unreachable(f"the log of {job.name} was answered with {answer.status}")
        return answer.text[-_KEPT:]


def _run(found: WorkflowRun) -> Run:
    state, said = state_of(found.status or "", found.conclusion)
    return Run(
        id=str(found.id),
        name=found.name or str(found.id),
        commit=found.head_sha,
        state=state,
        said=said,
        url=found.html_url,
        at=found.created_at,
    )
