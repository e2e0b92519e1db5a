"""Afterwards: what is asked for once a version is live."""

from __future__ import annotations

from graphs.state import State
from graphs.steps.crew import Crew
from graphs.steps.telling import told
from orchestrate import reports
from orchestrate.models.deployment import Kind
from orchestrate.models.plan import Plan
from orchestrate.models.task import NewTask, Priority, Queue
from tools.executor import Errand


async def e2e_tests(crew: Crew, at: Errand, state: State, plan: Plan) -> None:
    """A task in the e2e-test queue, once for each deployment, where the environment wants it (A4)."""
    request = state["request"]
    if request.kind is Kind.ROLLBACK or not crew.place(state).environment.e2e_tests:
        return
    title, text = reports.e2e_tests(plan, crew.place(state).environment.url, request.task)
    new = NewTask(
        title=title,
        description=text,
        queue=Queue.E2E_TEST,
        status=crew.statuses.open,
        priority=Priority.P2,
        marker=f"e2e/{at.deployment}",
        discovered_from=request.task,
    )
    filed = await told(crew, at, crew.voice.file(at, new))
    if filed is not None:
        crew.event(at, "e2e", f"end-to-end tests are asked for in {filed.id}", task=filed.id)
