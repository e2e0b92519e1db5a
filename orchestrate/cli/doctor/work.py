"""Memory and reservations: whether who keeps them answers; a deployment goes on without them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, doubtful, good
from orchestrate.errors import OrchestrateError
from tools.systems.agent_mail import AgentMail
from tools.systems.cm_memory import CmMemory

WITHOUT = "deployments go on without it"


async def work(app: App) -> AsyncIterator[Finding]:
    """One line for each that is somebody else's."""
    memory, reservations = app.crew.memory, app.crew.reservations
    if isinstance(memory, CmMemory):
        try:
            yield good("memory", f"cm {await memory.version()}")
        except OrchestrateError as problem:
            yield doubtful("memory", f"{problem}; {WITHOUT}", problem.cure or "see memory: program")
    if isinstance(reservations, AgentMail):
        try:
            yield good("reservations", f"Agent Mail, project {await reservations.look()}")
        except OrchestrateError as problem:
            yield doubtful("reservations", f"{problem}; {WITHOUT}", problem.cure or "see reservations: url")
