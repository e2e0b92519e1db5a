"""Tooling: the graphs as LangGraph's own tools load them (langgraph.json), to be looked at.

They see the graphs, on positions of their own; effects need a lease that only the runner takes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from langchain_core.runnables import RunnableConfig

from graphs import deployment as deploying
from graphs import rollback as returning
from graphs.steps.retreat import Retreat
from orchestrate.app import assembled, steps
from orchestrate.runner import Graph
from orchestrate.settings import find, load


@asynccontextmanager
async def deployment(config: RunnableConfig) -> AsyncGenerator[Graph]:  # noqa: ARG001  theirs to give
    """A deployment's graph, for the settings of this folder; their server brings its own positions.

    Raises SettingsInvalid, StoreUnusable.
    """
    async with assembled(load(find(Path.cwd()))) as app:
        yield deploying.workflow(steps(app.crew)).compile()


@asynccontextmanager
async def rollback(config: RunnableConfig) -> AsyncGenerator[Graph]:  # noqa: ARG001  theirs to give
    """The way back, which is a part of it. Raises SettingsInvalid, StoreUnusable."""
    async with assembled(load(find(Path.cwd()))) as app:
        yield returning.workflow(Retreat(app.crew)).compile()
