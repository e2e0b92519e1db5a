"""How a change reaches production, and comes back when it does not do well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from graphs import rollback
from graphs.state import (
    Answer,
    Asking,
    Course,
    Decided,
    Drive,
    Merging,
    Planned,
    Readiness,
    State,
    Turn,
)
from graphs.steps import Steps
from graphs.steps.crew import Step
from orchestrate.models.deployment import Stage

Workflow = StateGraph[State, Drive, State, State]


def readiness(state: State) -> Readiness:
    """Not known means blocked."""
    return state.get("readiness", Readiness.BLOCKED)


def planned(state: State) -> Planned:
    """Not known means refused."""
    return state.get("planned", Planned.REFUSED)


def answer(state: State) -> Answer:
    """Silence means expired."""
    return state.get("answer", Answer.EXPIRED)


def asking(state: State) -> Asking:
    """What the reminder was about."""
    return state.get("asking", Asking.APPROVAL)


def turn(state: State) -> Turn:
    """Not known means busy."""
    return state.get("turn", Turn.BUSY)


def merging(state: State) -> Merging:
    """Not known means refused."""
    return state.get("merging", Merging.REFUSED)


def course(state: State) -> Course:
    """Not known means asking a person."""
    return state.get("course", Course.ASK)


def decided(state: State) -> Decided:
    """A release that nobody decides about goes back; a rollback that nobody starts is left to them."""
    return _DECISIONS[asking(state)][answer(state)]


_DECISIONS: Mapping[Asking, Mapping[Answer, Decided]] = {
    Asking.GO_ON: {
        Answer.APPROVED: Decided.GO_ON,
        Answer.HELD: Decided.ASK_AGAIN,
        Answer.ROLL_BACK: Decided.ROLL_BACK,
        Answer.EXPIRED: Decided.ROLL_BACK,
        Answer.SUPERSEDED: Decided.ROLL_BACK,
        Answer.REMIND: Decided.REMIND,
    },
    Asking.ROLLBACK: {
        Answer.APPROVED: Decided.ROLL_BACK,
        Answer.HELD: Decided.LEAVE,
        Answer.ROLL_BACK: Decided.ROLL_BACK,
        Answer.EXPIRED: Decided.LEAVE,
        Answer.SUPERSEDED: Decided.LEAVE,
        Answer.REMIND: Decided.REMIND,
    },
    Asking.APPROVAL: dict.fromkeys(Answer, Decided.ROLL_BACK),
}

ONWARD: Mapping[StrEnum, Stage] = {
    Course.ACT: Stage.DEPLOY,
    Course.VERIFY: Stage.VERIFY,
    Course.WATCH: Stage.WATCH,
    Course.DONE: Stage.FINISH,
    Course.ROLL_BACK: Stage.ROLL_BACK,
    Course.ASK: Stage.DECIDE,
    Course.MOVED: Stage.GATES,
    Course.GIVE_UP: Stage.TRIAGE,
}

Router = Callable[[State], StrEnum]

ROUTES: Mapping[Stage, tuple[Router, Mapping[StrEnum, Stage]]] = {
    Stage.GATES: (
        readiness,
        {
            Readiness.READY: Stage.PLAN,
            Readiness.WAIT: Stage.WAIT_FOR_CHECKS,
            Readiness.BLOCKED: Stage.BLOCKED,
        },
    ),
    Stage.PLAN: (
        planned,
        {
            Planned.ASK: Stage.APPROVAL,
            Planned.GO: Stage.QUEUE,
            Planned.WAIT: Stage.WAIT_FOR_CHECKS,
            Planned.REFUSED: Stage.BLOCKED,
        },
    ),
    Stage.APPROVAL: (
        answer,
        {
            Answer.APPROVED: Stage.QUEUE,
            Answer.HELD: Stage.CLOSE,
            Answer.ROLL_BACK: Stage.CLOSE,
            Answer.EXPIRED: Stage.CLOSE,
            Answer.SUPERSEDED: Stage.CLOSE,
            Answer.REMIND: Stage.REMIND,
        },
    ),
    Stage.REMIND: (
        asking,
        {
            Asking.APPROVAL: Stage.APPROVAL,
            Asking.GO_ON: Stage.DECIDE,
            Asking.ROLLBACK: Stage.DECIDE,
        },
    ),
    Stage.QUEUE: (
        turn,
        {
            Turn.MINE: Stage.MERGE,
            Turn.BUSY: Stage.WAIT_FOR_TURN,
            Turn.MOVED: Stage.GATES,
            Turn.REFUSED: Stage.CLOSE,
        },
    ),
    Stage.MERGE: (
        merging,
        {Merging.MERGED: Stage.BUILD, Merging.MOVED: Stage.GATES, Merging.REFUSED: Stage.BLOCKED},
    ),
    Stage.BUILD: (course, ONWARD),
    Stage.DEPLOY: (course, ONWARD),
    Stage.VERIFY: (course, ONWARD),
    Stage.JUDGE: (course, ONWARD),
    Stage.DECIDE: (
        decided,
        {
            Decided.GO_ON: Stage.JUDGE,
            Decided.ASK_AGAIN: Stage.JUDGE,
            Decided.ROLL_BACK: Stage.ROLL_BACK,
            Decided.LEAVE: Stage.TRIAGE,
            Decided.REMIND: Stage.REMIND,
        },
    ),
}
"""Which stage follows which answer. Every answer of every question has its line."""

THEN: Mapping[Stage, Stage] = {
    Stage.PICK_UP: Stage.GATES,
    Stage.WAIT_FOR_CHECKS: Stage.GATES,
    Stage.BLOCKED: Stage.CLOSE,
    Stage.WAIT_FOR_TURN: Stage.QUEUE,
    Stage.WATCH: Stage.JUDGE,
    Stage.ROLL_BACK: Stage.TRIAGE,
    Stage.TRIAGE: Stage.FIX_TASKS,
    Stage.FIX_TASKS: Stage.CLOSE,
}
"""What follows without a question."""


def workflow(steps: Steps) -> Workflow:
    """Check, plan, ask, merge, deploy in moves, verify, watch; go back if it does badly; tell everybody.

    The nodes are partials: LangGraph takes apart every function, to look for graphs in it.
    """
    graph: Workflow = StateGraph(State, Drive)
    for stage, step in steps.by_stage.items():
        if stage in ROUTES:
            question, answers = ROUTES[stage]
            following = tuple({*answers.values()})
            graph.add_node(stage, partial(led, step, question, answers), destinations=following)
        else:
            graph.add_node(stage, partial(step))
    graph.add_node(Stage.ROLL_BACK, rollback.workflow(steps.retreat).compile())

    graph.add_edge(START, Stage.PICK_UP)
    for stage, after in THEN.items():
        graph.add_edge(stage, after)
    graph.add_edge(Stage.FINISH, END)
    graph.add_edge(Stage.CLOSE, END)

    return graph


async def led(
    step: Step, question: Router, answers: Mapping[StrEnum, Stage], state: State, runtime: Runtime[Drive]
) -> Command[Stage]:
    """The step, and which follows it: a conditional edge would build the whole state once more to ask."""
    new = await step(state, runtime)
    return Command(update=new, goto=answers[question(state | new)])
