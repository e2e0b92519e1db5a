"""The root of all errors: what went wrong, and what helps."""

from __future__ import annotations


class OrchestrateError(Exception):
    """Something went wrong that the product knows how to name."""

    cure: str = ""

    def __init__(self, message: str, *, cure: str = "") -> None:
        self.cure = cure or type(self).cure
        super().__init__(message)


def with_cure(problem: OrchestrateError) -> str:
    """What went wrong, and what helps where that is known."""
    return f"{problem} ({problem.cure})" if problem.cure else str(problem)
