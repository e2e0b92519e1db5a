"""Workflows: what a forge runs by itself for a commit, and the logs of what failed there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from orchestrate.models.change import CheckState
from orchestrate.models.fact import Fact


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
