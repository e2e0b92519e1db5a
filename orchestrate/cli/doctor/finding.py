"""Findings: what was looked at, and how it is."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.errors import OrchestrateError
from orchestrate.models.fact import Fact


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARN = "warn"  # it works without, or with something else
    FAIL = "fail"


class Finding(Fact):
    """One line: what was looked at, how it is, and what would cure it."""

    what: str
    state: State
    said: str
    cure: str = ""


def good(what: str, said: str) -> Finding:
    return Finding(what=what, state=State.OK, said=said)


def doubtful(what: str, said: str, cure: str = "") -> Finding:
    return Finding(what=what, state=State.WARN, said=said, cure=cure)


def bad(what: str, said: str, cure: str = "") -> Finding:
    return Finding(what=what, state=State.FAIL, said=said, cure=cure)


def failed(what: str, problem: OrchestrateError) -> Finding:
    return bad(what, str(problem), problem.cure)
