"""Afterwards: what is asked for once a version is live."""

from __future__ import annotations

from functools import partial

from graphs.steps.crew import Crew
from orchestrate import reports
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Environment
from orchestrate.models.plan import Plan
from orchestrate.models.task import NewTask, Priority, Queue
from tools.executor import Errand

E2E = "e2e_tests"


async def e2e_tests(crew: Crew, at: Errand, environment: Environment, plan: Plan) -> None:
    """A task in the e2e-test queue, once for each deployment, where the environment wants it (A4)."""
    request = crew.store.deployments.deployment(at.deployment).request
    if request.kind is Kind.ROLLBACK or not environment.e2e_tests:
        return
    title, text = reports.e2e_tests(plan, environment.url, request.task)
    new = NewTask(
        title=title,
        description=text,
        queue=Queue.E2E_TEST,
        status=crew.statuses.open,
        priority=Priority.P2,
        marker=f"e2e/{at.deployment}",
        discovered_from=request.task,
    )
    await crew.voice.chore(at, E2E, new, partial(ask_for_tests, crew, at, new))


async def ask_for_tests(crew: Crew, at: Errand, new: NewTask) -> None:
    """File it, with a line in the story that names it."""
    filed = await crew.voice.file(at, new)
    crew.event(at, "e2e", f"end-to-end tests are asked for in {filed.id}", task=filed.id)
