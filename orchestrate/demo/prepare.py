"""Preparation: the demo's settings, reviewed changes, and tasks in the queue; what is there stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrate.app import App
from orchestrate.demo.material import Material, Proposal, make_repository
from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.fact import Fact
from orchestrate.models.task import NewTask, Priority, Queue, Task, TaskMetadata
from tools import workspace

REVIEWER = "erika"

NEEDS = {"ratings": "install", "currency": "ratings"}
"""What has to be live before: the second change builds on the first."""


class Errand(Fact):
    """A task of the demo and what it is about."""

    name: str
    task: str
    change: str | None


async def settings_file(folder: Path, staging_port: int, production_port: int) -> tuple[Material, Path]:
    """The folder with its repository, and its orchestrate.yaml; one that is there is kept."""
    material = await make_repository(folder, staging_port=staging_port, production_port=production_port)
    file = material.folder / "orchestrate.yaml"
    if not file.exists():
        file.write_text(material.settings)
    return material, file


async def fill_queue(app: App, material: Material) -> tuple[Errand, ...]:
    """The first version and the four changes, reviewed, checked, and each a task in the deploy queue."""
    install = NewTask(
        title="Install the shop",
        description="The version that the repository starts with.",
        queue=Queue.DEPLOY,
        status=app.settings.tracker.input_status,
        priority=Priority.P0,
        marker="demo/install",
        metadata=TaskMetadata(version=material.base_head),
    )
    first = await _task(app, install)
    errands = [Errand(name="install", task=first.id, change=None)]
    for proposal in material.proposals:
        change = await _reviewed(app, proposal)
        before = next((one.task for one in errands if one.name == NEEDS.get(proposal.branch)), None)
        folder = workspace.create(app.settings.workspaces)
        new = NewTask(
            title=proposal.title,
            description=proposal.description,
            queue=Queue.DEPLOY,
            status=app.settings.tracker.input_status,
            priority=Priority.P2,
            marker=f"demo/{proposal.branch}",
            change=change,
            depends_on=(before,) if before else (),
            workspace=str(folder),
        )
        task = await _task(app, new)
        errands.append(Errand(name=proposal.branch, task=task.id, change=change))
    return tuple(errands)


async def _task(app: App, new: NewTask) -> Task:
    return await app.tracker.find(new.marker) or await app.tracker.create(new)


async def _reviewed(app: App, proposal: Proposal) -> str:
    new = NewChange(
        title=proposal.title,
        body=proposal.description,
        author=proposal.author,
        branch=proposal.branch,
        base="main",
        marker=f"demo/{proposal.branch}",
    )
    change = await app.forge.open(new)
    at = datetime.fromtimestamp(app.store.clock(), UTC)
    review = Review(by=REVIEWER, verdict=ReviewVerdict.APPROVED, sha=proposal.head, at=at)
    app.store.changes.review(change.id, review)
    app.store.changes.check(
        change.id, Check(name="tests", state=CheckState.PASSED, sha=proposal.head, by="ci")
    )
    return change.id
