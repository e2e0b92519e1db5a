"""The show: four changes meet a shop under real traffic; one is good, three are not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.prompt import Confirm

from orchestrate.app import App, assembled, open_store
from orchestrate.demo import summary
from orchestrate.demo.generator import Generator
from orchestrate.demo.mix import Mix
from orchestrate.demo.prepare import Errand, fill_queue, settings_file
from orchestrate.demo.view import Scene, drawn, line
from orchestrate.errors import AlreadyDecided, OrchestrateError
from orchestrate.models.deployment import DecisionKind, Status
from orchestrate.models.environment import Channel, HealthCheck
from orchestrate.models.question import Question
from orchestrate.settings import load
from orchestrate.worker import Serving
from tools.health import check

RATE = 100.0
STAGING_RATE = 5.0
MOVING = ("Ready to Deploy", "Deploying")
LONGEST = 900.0


@dataclass(kw_only=True)
class Options:
    """How the demo is run."""

    folder: Path
    identity: str  # the operating system's user, who approves
    yes: bool = False
    keep: bool = False
    rate: float = RATE
    staging_port: int = 8081
    production_port: int = 8080


async def main(options: Options, console: Console) -> int:
    """Run the demo to its end; 0 when every change ended as it should."""
    material, file = await settings_file(options.folder, options.staging_port, options.production_port)
    settings = load(file)
    console.print(f"[bold]A shop with four open changes[/] in {material.folder}")
    store = open_store(settings)
    try:
        async with assembled(settings, store) as app:
            errands = await fill_queue(app, material)
            show = Show(app=app, options=options, console=console, errands=errands)
            await show.run()
            good = await summary.told(app, errands, show.production.counts(), console)
            if not options.keep:
                await show.end()
    finally:
        store.close()
    return 0 if good else 1


@dataclass(kw_only=True)
class Show:
    """One run: the worker, the traffic, the view, and the answers."""

    app: App
    options: Options
    console: Console
    errands: Sequence[Errand]
    asked: set[str] = field(default_factory=set[str])
    seen: int = 0

    def __post_init__(self) -> None:
        folder = self.options.folder.absolute()
        url = "http://127.0.0.1:{}".format
        self.production = Generator(
            url(self.options.production_port), folder / "production.json", rate=self.options.rate
        )
        self.staging = Generator(
            url(self.options.staging_port), folder / "staging.json", rate=STAGING_RATE, mix=Mix.STAGING
        )
        self.began = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Serve until every task has come to its end."""
        stop = asyncio.Event()
        serving = Serving(app=self.app, is_over=self._is_over)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(serving.serve(stop))
            sides = [group.create_task(self._send()), group.create_task(self._show())]
            await asyncio.wait({work}, timeout=LONGEST)
            stop.set()
            await work
            for side in sides:
                side.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*sides)

    async def end(self) -> None:
        """Stop the traffic, the shop and its routers; the folder stays."""
        for generator in (self.production, self.staging):
            await generator.stop()
        for name in self.app.settings.environments:
            place = self.app.crew.places(name)
            for component in place.environment.components:
                await place.close(component)

    def _is_over(self) -> bool:
        return all(self._is_settled(errand) for errand in self.errands)

    def _is_settled(self, errand: Errand) -> bool:
        task = self.app.store.tasks.task(errand.task)
        rows = self.app.store.deployments.latest(task=errand.task, limit=5)
        waits_for_another = not rows and bool(task.depends_on)
        busy = any(row.status is not Status.FINISHED for row in rows)
        return not busy and not waits_for_another and task.status not in MOVING

    async def _send(self) -> None:
        """Traffic begins when the shop first answers, and goes on whatever happens."""
        waiting = {
            self.options.staging_port: self.staging,
            self.options.production_port: self.production,
        }
        while waiting:
            for port, generator in tuple(waiting.items()):
                if (await check(f"127.0.0.1:{port}", HealthCheck())).ok:
                    await generator.start()
                    del waiting[port]
            await asyncio.sleep(0.2)

    async def _show(self) -> None:
        if not self.console.is_terminal:
            await self._tell()
        while True:
            with Live(drawn(await self._scene()), console=self.console, refresh_per_second=4) as live:
                question = await self._watch(live)
            await self._answer(question)

    async def _watch(self, live: Live) -> Question:
        while True:
            question = self._question()
            if question is not None:
                return question
            live.update(drawn(await self._scene()))
            await asyncio.sleep(0.3)

    async def _tell(self) -> None:
        while True:
            for event in self.app.store.events.after(self.seen):
                self.seen = event.seq
                self.console.print(line(event), soft_wrap=True)
            question = self._question()
            if question is not None:
                await self._answer(question)
            await asyncio.sleep(0.3)

    def _question(self) -> Question | None:
        waiting = self.app.store.questions.unanswered()
        return next((one for one in waiting if one.id not in self.asked), None)

    async def _answer(self, question: Question) -> None:
        """Approve as the person at the terminal, who is asked unless told otherwise."""
        self.asked.add(question.id)
        plan = self.app.store.plans.plan(question.plan_hash)
        said = True
        if not self.options.yes and self.console.is_terminal:
            self.console.print(summary.plan(plan))
            said = await asyncio.to_thread(
                Confirm.ask, f"Approve {question.id}?", console=self.console, default=True
            )
        kind = DecisionKind.APPROVED if said else DecisionKind.HOLD
        try:
            await self.app.answers.decide(question.id, kind, Channel.CLI, self.options.identity, kind)
        except (AlreadyDecided, OrchestrateError) as problem:
            self.console.print(f"[red]{problem}[/]")

    async def _scene(self) -> Scene:
        store = self.app.store
        place = self.app.crew.places("production")
        tasks = [store.tasks.task(errand.task) for errand in self.errands]
        rows = [
            (errand, task.title, task.status, store.deployments.latest(task=task.id, limit=10))
            for errand, task in zip(self.errands, tasks, strict=True)
        ]
        return Scene(
            rows=rows,
            production=await place.provider.running(place.environment.components[0]),
            traffic=self.production.counts(),
            events=store.events.tail(12),
            elapsed=asyncio.get_running_loop().time() - self.began,
        )
