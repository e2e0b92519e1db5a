"""Workflows: what a forge runs by itself for a commit, and the logs of what failed there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrate.errors import BuildFailed, Unreachable
from orchestrate.models.change import CheckState
from orchestrate.models.fact import Fact

_LOOK = 15.0  # seconds after which it is looked again


class Run(Fact):
    """One run of a workflow for one commit."""

    id: str
    name: str
    commit: str
    state: CheckState
    said: str = ""  # the forge's own word
    url: str = ""
    at: datetime


class Workflows(Protocol):
    """What runs for a commit after it was merged."""

    async def runs(self, commit: str) -> tuple[Run, ...]:
        """The newest run of each workflow for exactly this commit, by name."""
        ...

    async def failed_logs(self, run: Run) -> str:
        """The logs of the jobs of a run that failed, each under its name, the newest lines last."""
        ...


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The workflows that must have ended well for what was merged, before it is built."""

    workflows: Workflows
    names: tuple[str, ...]

    async def ended(self, commit: str, say: Callable[[str], None]) -> None:
        """Say how they ended, and what the failed ones wrote.

        Raises Unreachable when one has not ended or not even begun, BuildFailed when one failed.
        """
        runs = {one.name: one for one in await self.workflows.runs(commit)}
        failed = [runs[name] for name in self.names if name in runs and runs[name].state is CheckState.FAILED]
        for run in failed:
            for line in (await self.workflows.failed_logs(run)).splitlines():
                say(line)
        if failed:
            told = ", ".join(f"{one.name} ({one.said or one.state}) {one.url}".strip() for one in failed)
            raise BuildFailed(f"on {commit[:10]} failed: workflow {told}")
        open_ones = [one for one in self.names if one not in runs or runs[one].state is not CheckState.PASSED]
        if open_ones:
            said = f"on {commit[:10]} did not end yet: workflow {', '.join(open_ones)}"
            raise Unreachable(said, retry_after=_LOOK)
        for name in self.names:
            say(f"workflow {name} passed on {commit[:10]}")


def newest(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The newest run of each name."""
    latest = {one.name: one for one in sorted(runs, key=lambda one: (one.at, one.id))}
    return tuple(latest[name] for name in sorted(latest))


class MemoryWorkflows:
    """The twin of a forge's workflows."""

    def __init__(self) -> None:
        self.all: list[Run] = []
        self.logs: dict[str, str] = {}

    async def runs(self, commit: str) -> tuple[Run, ...]:
        return newest([one for one in self.all if one.commit == commit])

    async def failed_logs(self, run: Run) -> str:
        return self.logs.get(run.id, "")
