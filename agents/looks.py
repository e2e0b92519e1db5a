"""Looks: what a role may look at before it answers; nothing of it changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from orchestrate.models.fact import Fact


class ReadTool(StrEnum):
    """What a role may look at; there is no tool that changes anything."""

    STATUS = "status"
    HISTORY = "history"
    GATES = "gates"
    PLAN = "plan"
    DIFF = "diff"
    LOGS = "logs"
    METRICS = "metrics"
    ENVIRONMENTS = "environments"


class Looks(Protocol):
    """Shows what can be read about the one deployment that it was made for; a model cannot name another."""

    async def look(self, tool: ReadTool, only: str = "") -> str:
        """What there is; of a log or a diff what holds `only`. Raises OrchestrateError."""
        ...


class Words(Fact):
    """What is said to a tool that gives all that it has."""

    @property
    def narrowed(self) -> str:
        """What must be in what is shown; '' for everything."""
        return ""


class LogWords(Words):
    """Which lines of a log."""

    contains: Annotated[str, Field(max_length=100)]

    @property
    def narrowed(self) -> str:
        return self.contains


class DiffWords(Words):
    """Which files of a change."""

    path: Annotated[str, Field(max_length=300)]

    @property
    def narrowed(self) -> str:
        return self.path


FORMS: Mapping[ReadTool, type[Words]] = {
    **dict.fromkeys(ReadTool, Words),
    ReadTool.LOGS: LogWords,
    ReadTool.DIFF: DiffWords,
}
"""What can be said to each tool. No form has a field for a deployment, an environment or an address."""
