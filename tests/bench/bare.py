"""The reference: a bare LangGraph graph with as many supersteps and waits, and as large a state."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt


class Bare(TypedDict, total=False):
    """As small a state as a deployment's."""

    cursor: int
    facts: str


Graph = CompiledStateGraph[Bare, None, Bare, Bare]


@asynccontextmanager
async def bare(file: Path, waits: Sequence[bool]) -> AsyncGenerator[Graph, None]:
    """A chain of nodes that do nothing; those that are True in `waits` wait to be resumed."""
    chain = StateGraph(Bare)
    for index, is_waiting in enumerate(waits):
        chain.add_node(f"step {index}", _step(index, is_waiting=is_waiting))
        chain.add_edge(f"step {index - 1}" if index else START, f"step {index}")
    chain.add_edge(f"step {len(waits) - 1}", END)
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        yield chain.compile(checkpointer=saver)


async def ran(graph: Graph, thread: str, size: int) -> float:
    """CPU seconds of one run from the first step to the last, with a state of `size` bytes."""
    config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": 400}
    before = time.process_time()
    given = Bare(cursor=0, facts="x" * size)
    came = await graph.ainvoke(given, config, durability="sync", version="v2")
    while came.interrupts:
        answer: Command[str] = Command(resume={came.interrupts[0].id: "go on"})
        came = await graph.ainvoke(answer, config, durability="sync", version="v2")
    return time.process_time() - before


def _step(index: int, *, is_waiting: bool) -> Callable[..., Awaitable[Bare]]:
    async def step(state: Bare) -> Bare:
        if is_waiting:
            interrupt({"step": index})
        return Bare(cursor=index)

    return step
