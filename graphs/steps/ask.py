"""Steps that wait: they ask, and do nothing else, so that a crash can lose no answer."""

from __future__ import annotations

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graphs.inbox import shown
from graphs.state import Answer, Drive, State
from orchestrate.models.deployment import Wait


class Ask:
    """Asks a person, the clock, the checks, or the queue."""

    async def approval(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until a person answers, or the time is over."""
        return State(answer=_answer_to(state.get("question"), state))

    async def decide(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until a person decides about a release that is half-way."""
        return State(answer=_answer_to(state.get("question"), state))

    async def wait_for_checks(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until checks or reviews may have changed."""
        _woken_for(state.get("checks"), state)
        return State()

    async def wait_for_turn(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait until the environment is free."""
        _woken_for(state.get("turn_wait"), state)
        return State()

    async def watch(self, state: State, runtime: Runtime[Drive]) -> State:  # noqa: ARG002
        """Wait for a verdict, a report, or the end."""
        _woken_for(state.get("watch"), state)
        return State()


def _answer_to(wait: Wait | None, state: State) -> Answer:
    """What a person said, as the runner knows it; whatever else resumes is no answer, and it waits on."""
    said = _woken_for(wait, state)
    while said not in ANSWERS:
        said = _woken_for(wait, state)
    return Answer(said)


def _woken_for(wait: Wait | None, state: State) -> str:
    return str(interrupt(shown(wait, state) if wait else None))


ANSWERS = frozenset(one.value for one in Answer)
