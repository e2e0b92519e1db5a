"""Preparation: folder, settings, reviewed changes, and tasks in the queue; what is there stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrate.app import App
from orchestrate.demo import ports
from orchestrate.demo.chapters import BAD, CHAPTERS, GOOD, INSTALL
from orchestrate.demo.material import Material, Proposal, make_repository
from orchestrate.errors import Refused
from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.fact import Fact
from orchestrate.models.task import NewTask, Priority, Queue, Task, TaskMetadata
from orchestrate.settings import Settings, load
from tools import workspace
from tools.systems.whole import write_whole

SETTINGS = "orchestrate.yaml"
REVIEWER = "erika"

NEEDS = {GOOD.name: INSTALL.name, BAD.name: GOOD.name}
"""What has to be live before: the second change builds on the first."""


class Errand(Fact):
    """A task of the demo and what it is about."""

    name: str
    task: str
    change: str | None


async def prepared(folder: Path, person: str, port: int | None) -> tuple[Material, Settings]:
    """The folder with its repository, and its settings; what is there already is kept.

    Raises PortTaken, and Refused where the folder is somebody else's or uses another port.
    """
    file = _file(folder)
    if file.exists():
        settings = kept(folder)
        used = port_of(settings, "production")
        if port not in (None, 0, used):
            raise Refused(
                f"the demo in {folder} uses port {used}, not {port}",
                cure="leave --port away, or begin another demo with --folder",
            )
        return await make_repository(folder, person=person, production_port=used), settings
    production, staging = ports.chosen(port)
    material = await make_repository(folder, person=person, staging_port=staging, production_port=production)
    write_whole(file, material.settings)
    return material, load(file)


def kept(folder: Path) -> Settings:
    """The settings of a demo that was begun in `folder`. Raises Refused where there is none."""
    file = _file(folder)
    if not file.exists():
        raise Refused(f"there is no demo in {folder}", cure="name its folder with --folder")
    if not is_demo(folder):
        raise Refused(f"{file} belongs to something else", cure="choose a folder for the demo with --folder")
    return load(file)


def is_demo(folder: Path) -> bool:
    """Whether a demo was begun there."""
    return _file(folder).exists() and (folder / "shop.git").is_dir()


def _file(folder: Path) -> Path:
    return folder.absolute() / SETTINGS


def port_of(settings: Settings, environment: str) -> int:
    """The port on which people reach the shop there."""
    return settings.environment(environment).components[0].port or 0


async def known_errands(app: App) -> tuple[Errand, ...]:
    """The errands of an earlier run; fewer than there are chapters when it did not come far."""
    tasks = [(one.name, await app.tracker.find(f"demo/{one.name}")) for one in CHAPTERS]
    return tuple(Errand(name=name, task=task.id, change=task.change) for name, task in tasks if task)


async def fill_queue(app: App, material: Material) -> tuple[Errand, ...]:
    """The first version and the four changes, reviewed, checked, and each a task in the deploy queue."""
    errands = [Errand(name=INSTALL.name, task=(await _first(app, material)).id, change=None)]
    for proposal in material.proposals:
        before = next((one.task for one in errands if one.name == NEEDS.get(proposal.branch)), None)
        task = await app.tracker.find(_marker(proposal)) or await _proposed(app, proposal, before)
        errands.append(Errand(name=proposal.branch, task=task.id, change=task.change))
    return tuple(errands)


async def _first(app: App, material: Material) -> Task:
    new = NewTask(
        title="Install the shop",
        description="The version that the repository starts with.",
        queue=Queue.DEPLOY,
        status=app.settings.tracker.input_status,
        priority=Priority.P0,
        marker=f"demo/{INSTALL.name}",
        metadata=TaskMetadata(version=material.base_head),
    )
    return await app.tracker.find(new.marker) or await app.tracker.create(new)


async def _proposed(app: App, proposal: Proposal, before: str | None) -> Task:
    new = NewTask(
        title=proposal.title,
        description=proposal.description,
        queue=Queue.DEPLOY,
        status=app.settings.tracker.input_status,
        priority=Priority.P2,
        marker=_marker(proposal),
        change=await _reviewed(app, proposal),
        depends_on=(before,) if before else (),
        workspace=str(workspace.create(app.settings.workspaces)),
    )
    return await app.tracker.create(new)


async def _reviewed(app: App, proposal: Proposal) -> str:
    new = NewChange(
        title=proposal.title,
        body=proposal.description,
        author=proposal.author,
        branch=proposal.branch,
        base="main",
        marker=_marker(proposal),
    )
    change = await app.forge.open(new)
    at = datetime.fromtimestamp(app.store.clock(), UTC)
    review = Review(by=REVIEWER, verdict=ReviewVerdict.APPROVED, sha=proposal.head, at=at)
    app.store.changes.review(change.id, review)
    app.store.changes.check(
        change.id, Check(name="tests", state=CheckState.PASSED, sha=proposal.head, by="ci")
    )
    return change.id


def _marker(proposal: Proposal) -> str:
    return f"demo/{proposal.branch}"
