"""The product with everything real: git, settings, store, worker, processes, routers and databases."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil
import pytest

from orchestrate.app import App, assembled, open_store
from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.deployment import DecisionKind, Deployment, Event, Request, Status
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.move import SetTraffic, Start, Weights
from orchestrate.models.runtime import Running
from orchestrate.models.task import NewTask, Priority, Queue, Task
from orchestrate.places import router
from orchestrate.settings import Settings, load
from orchestrate.worker import Serving
from tests.servers.git_remote import GitRemote
from tests.servers.processes import processes_of
from tools.place import Place
from tools.provider import shares
from tools.systems.haproxy_config import SYSTEM_PLACES

PROGRAM = Path(__file__).with_name("live_service.py").read_text()
PATIENCE = 100.0  # seconds that one deployment may take
LOOK = 0.05

Words = Mapping[str, object]

APPROVING: Mapping[str, DecisionKind] = {"approval": DecisionKind.APPROVED}


def does(behaviour: str = "serve", page: str = "Hello", **words: object) -> dict[str, str]:
    """The files of a version of the service that behaves like this."""
    told = {"does": behaviour, "page": page, **words}
    return {"live_service.py": PROGRAM, "does.json": json.dumps(told)}


def require(program: str) -> None:
    """Skip the test where the program is not installed; in CI it must be."""
    if shutil.which(program) or shutil.which(program, path=SYSTEM_PLACES):
        return
    missing = f"{program} is not installed"
    pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)


def web(port: int, **words: object) -> dict[str, object]:
    """One component: two instances behind the built-in proxy, with short times."""
    usual: dict[str, object] = {
        "name": "web",
        "run": [sys.executable, "-S", "live_service.py", "{port}"],
        "port": port,
        "instances": 2,
        "drain_seconds": 5,
        "traffic": "builtin",
        "health": {"expect": {"status": "ok"}, "start_seconds": 8, "timeout": 2},
        "smoke": [{"kind": "http", "name": "the page opens", "path": "/page", "body": "Hello"}],
    }
    return usual | words


def environment(port: int, **words: object) -> dict[str, object]:
    """Production with short windows: words of orchestrate.yaml."""
    usual: dict[str, object] = {
        "type": "production",
        "strategy": "canary",
        "canary": [{"share": "30 %", "seconds": 3}, {"share": "60 %", "seconds": 3}],
        "approvers": ["ada"],
        "gates": {"checks": ["tests"], "reviews": 1, "backup": False},
        "triggers": {"window": 2, "minimum_requests": 20, "response_time_p99": "3s"},
        "monitoring": {"period": 3, "sample": 1, "report": 2, "alerts": ["errors"]},
        "components": [web(port)],
    }
    return usual | words


@dataclass(kw_only=True)
class Live:
    """The product on one folder; version one serves in every environment."""

    folder: Path
    settings: Settings
    app: App
    remote: GitRemote
    first: str  # commit
    weights: list[tuple[float, Weights]] = field(default_factory=list[tuple[float, Weights]])

    def place(self, name: str = "production") -> Place:
        return self.app.crew.places(name)

    def version(self, name: str, files: Mapping[str, str | None]) -> str:
        """A commit beside the base branch that is never merged, so that no other version contains it."""
        return self.remote.write(name, files, f"Version {name}", since="main")

    async def change(self, branch: str, files: Mapping[str, str | None]) -> str:
        """A branch that is reviewed and green: the change's id."""
        head = self.remote.write(branch, files, f"Work on {branch}", since="main")
        new = NewChange(title=f"Work on {branch}", author="mira", branch=branch, base="main", marker=branch)
        change = await self.app.forge.open(new)
        at = datetime.fromtimestamp(self.app.store.clock(), UTC)
        changes = self.app.store.changes
        changes.review(change.id, Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=head, at=at))
        changes.check(change.id, Check(name="tests", state=CheckState.PASSED, sha=head, by="ci"))
        return change.id

    async def request(self, environment: str = "production", **words: str) -> Request:
        """A task in the deploy queue, and what it asks for: `change` or `version`."""
        new = NewTask(
            title=f"Deploy {words.get('change') or words.get('version')}",
            description="",
            queue=Queue.DEPLOY,
            status="Deploying",
            priority=Priority.P2,
            marker=f"{environment}/{sorted(words.items())}",
            change=words.get("change"),
        )
        task = await self.app.tracker.create(new)
        return Request.model_validate(
            {"environment": environment, "task": task.id, "requested_by": "rob", **words}
        )

    async def run(
        self, request: Request, answers: Mapping[str, DecisionKind] = APPROVING, until: str | None = None
    ) -> Deployment:
        """Ask for a deployment, and serve it."""
        return await self.serve(self.app.intake.accept(request).id, answers, until)

    async def serve(
        self, deployment: str, answers: Mapping[str, DecisionKind] = APPROVING, until: str | None = None
    ) -> Deployment:
        """A worker, until the deployment has finished or has told `until`; whoever asks gets the answer.

        `answers` are by the kind of the question: approval, go_on, rollback. One that is not there stays
        open, and the deployment that waits for it is given back.
        """
        row = self.app.store.deployments.deployment(deployment)
        over = partial(self._rests, deployment, answers, until)
        sides = (self._witness(self.place(row.environment).environment), self._answer(deployment, answers))
        tasks = [asyncio.create_task(side) for side in sides]
        try:
            async with asyncio.timeout(PATIENCE), assembled(self.settings, self.app.store) as worker:
                await Serving(app=worker, claims=False, is_over=over).serve(asyncio.Event())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self.app.store.deployments.deployment(deployment)

    def _rests(self, deployment: str, answers: Mapping[str, DecisionKind], until: str | None) -> bool:
        row = self.app.store.deployments.deployment(deployment)
        asked = [one for one in self.app.store.questions.for_deployment(deployment) if one.is_open]
        is_told = until is not None and any(one.kind == until for one in self.events(deployment))
        return (
            row.status is Status.FINISHED
            or is_told
            or any(_kind(one.gate_kind) not in answers for one in asked)
        )

    async def _answer(self, deployment: str, answers: Mapping[str, DecisionKind]) -> None:
        while True:
            await self.approve(deployment, answers)
            await asyncio.sleep(LOOK)

    async def approve(self, deployment: str, answers: Mapping[str, DecisionKind] = APPROVING) -> None:
        """Ada answers what is open now."""
        for question in self.app.store.questions.for_deployment(deployment):
            kind = answers.get(_kind(question.gate_kind))
            if question.is_open and kind is not None:
                await self.app.answers.decide(question.id, kind, Channel.CLI, "ada", kind)

    async def _witness(self, environment: Environment) -> None:
        """What the router of the first component with traffic does, as seen from outside."""
        part = next(one for one in environment.components if one.port)
        while True:
            weights = shares(await router(environment, part).weights())
            if not self.weights or self.weights[-1][1] != weights:
                self.weights.append((self.app.store.clock(), weights))
            await asyncio.sleep(LOOK)

    def events(self, deployment: str, kind: str | None = None) -> list[Event]:
        """The deployment's story, or its lines of one kind."""
        return [one for one in self.app.store.events.of(deployment) if kind in (None, one.kind)]

    def told(self, deployment: str) -> str:
        """The story, to be read where a test fails."""
        return "\n".join(
            f"{one.at:.2f} {one.stage} {one.kind}: {one.text}" for one in self.events(deployment)
        )

    def thread(self, task: str | None) -> str:
        """All that was said on the task."""
        return "\n".join(one.text for one in self.app.store.tasks.comments.of(task or ""))

    async def fixes(self, task: str | None) -> list[Task]:
        """Fix tasks that came out of a task."""
        found = self.app.store.tasks.all(only_open=False)
        return [one for one in found if one.discovered_from == task and one.queue is Queue.EXECUTION]

    async def assert_told(self, task: str | None, *words: str) -> None:
        """The thread and the one, most urgent fix task name these words."""
        thread, fixes = self.thread(task), await self.fixes(task)
        assert [one.priority for one in fixes] == [Priority.P0], fixes
        for word in words:
            assert word in thread, f"{word!r} is not on the thread: {thread}"
            assert word in f"{fixes[0].title} {fixes[0].description}", f"{word!r} is not in {fixes[0]}"
        assert fixes[0].id in thread

    async def pids(
        self, component: str = "web", environment: str = "production"
    ) -> dict[str, list[int | None]]:
        """Slot → processes of its instances."""
        slots = (await self.running(component=component)).slots
        return {slot.name: [one.pid for one in slot.instances] for slot in slots if slot.instances}

    async def running(self, environment: str = "production", component: str = "web") -> Running:
        place = self.place(environment)
        return await place.provider.running(place.component(component))

    async def begin(self) -> None:
        """Version one serves everywhere, started without a deployment."""
        version = await self.app.forge.version(self.first)
        for name in self.settings.environments:
            place = self.place(name)
            for part in place.environment.components:
                await place.provider.build(part, version, self.app.forge.checkout, _silent)
                start = Start(component=part.name, slot="blue", version=version, instances=part.instances)
                await place.provider.apply(part, start, _silent)
                if part.port:
                    share = SetTraffic(component=part.name, was={}, weights={"blue": 100})
                    await place.provider.apply(part, share, _silent)

    async def end(self) -> None:
        """Stop every instance and router."""
        for name in self.settings.environments:
            place = self.place(name)
            for part in place.environment.components:
                await place.close(part)


@asynccontextmanager
async def live(
    folder: Path,
    environments: Mapping[str, Words],
    files: Mapping[str, str] | None = None,
    *,
    begins: bool = True,
    **sections: object,
) -> AsyncGenerator[Live]:
    """The product, with version one in every environment; nothing that was started is left in the end."""
    remote = GitRemote(folder / "shop.git", author="Mira")  # not Ada: she approves
    first = remote.write("main", does() if files is None else files, "Version one", mode="100755")
    file = written(folder, environments, **sections)
    async with opened(folder, file, remote, first, begins=begins) as made:
        yield made


@asynccontextmanager
async def opened(
    folder: Path, file: Path, remote: GitRemote, first: str, *, begins: bool = True
) -> AsyncGenerator[Live]:
    """The product by its settings in `file`; nothing that was started in `folder` is left in the end."""
    settings = load(file)
    store = open_store(settings)
    try:
        async with assembled(settings, store) as app:
            made = Live(folder=folder, settings=settings, app=app, remote=remote, first=first)
            try:
                if begins:
                    await made.begin()
                yield made
            finally:
                await made.end()
    finally:
        store.close()
        left = killed(folder)
    assert left == [], f"still running: {left}"


def written(folder: Path, environments: Mapping[str, Words], **sections: object) -> Path:
    """An orchestrate.yaml (JSON is YAML too)."""
    told: dict[str, object] = {
        "service": "shop",
        "forge": {"remote": "./shop.git", "base": "main"},
        "people": {"ada": {"cli": "ada", "git": "not in these commits", "roles": ["approver"]}},
        "flow": [next(iter(environments))],
        "environments": environments,
        "worker": {"poll_interval": 1, "lease_seconds": 2},
    }
    file = folder / "orchestrate.yaml"
    file.write_text(json.dumps(told | sections, indent=1))
    return file


def killed(folder: Path) -> list[str]:
    """End whatever still runs of this folder, by its pid; what it was."""
    found: list[str] = []
    for process in processes_of(folder, lambda one: (*one.cmdline(), one.cwd(), *one.environ().values())):
        with suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
            process.kill()
    return found


def _kind(gate_kind: str) -> str:
    return gate_kind.partition("/")[0]


def _silent(line: str) -> None:
    """Hears progress, and tells nobody."""
