"""Steps that wait: they ask, and do nothing else, so that a crash can lose no answer."""

from __future__ import annotations

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graphs.state import Answer, Drive, State
from orchestrate.models.fact import Fact


class Ask:
    """Asks a person, the clock, the checks, or the queue."""

    async def approval(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until a person answers, or the time is over."""
        return State(answer=Answer(_answer_to(state.get("question"))))

    async def decide(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until a person decides about a release that is half-way."""
        return State(answer=Answer(_answer_to(state.get("question"))))

    async def wait_for_checks(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until checks or reviews may have changed."""
        _answer_to(state.get("checks"))
        return State()

    async def wait_for_turn(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until the environment is free."""
        _answer_to(state.get("turn_wait"))
        return State()

    async def watch(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait for a verdict, a report, or the end."""
        _answer_to(state.get("watch"))
        return State()


def _answer_to(wait: Fact | None) -> str:
    return str(interrupt(wait.model_dump(mode="json") if wait else None))
