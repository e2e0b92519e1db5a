"""The way back: the undos of the finished moves in reverse, then proof that the old version serves."""

from __future__ import annotations

from functools import partial

from langgraph.graph import END, START, StateGraph

from graphs.state import Drive, State, Undoing
from graphs.steps.retreat import Retreat
from orchestrate.models.deployment import Stage

Workflow = StateGraph[State, Drive, State, State]


def undoing(state: State) -> Undoing:
    """Not known means there may be more."""
    return state.get("undoing", Undoing.MORE)


def workflow(retreat: Retreat) -> Workflow:
    """Take back one move per superstep; then verify."""
    graph: Workflow = StateGraph(State, Drive)

    graph.add_node(Stage.ROLL_BACK, partial(retreat.roll_back))
    graph.add_node(Stage.VERIFY_ROLLBACK, partial(retreat.verify_rollback))

    graph.add_edge(START, Stage.ROLL_BACK)
    graph.add_conditional_edges(
        Stage.ROLL_BACK,
        undoing,
        {Undoing.MORE: Stage.ROLL_BACK, Undoing.ALL: Stage.VERIFY_ROLLBACK},
    )
    graph.add_edge(Stage.VERIFY_ROLLBACK, END)

    return graph
