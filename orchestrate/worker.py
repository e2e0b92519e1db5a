"""The worker: claims what is ready, drives what is due, watches what is live, and reads what people say."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from traceback import format_exception

import agents
import graphs
import orchestrate
import prompts
import tools
from orchestrate.app import App, assembled
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.threads import CalledOnThreads
from orchestrate.errors import AuditUnusable, EffectsStopped, OrchestrateError, SettingsInvalid
from orchestrate.hooks import Bell, listen
from orchestrate.models.audit import AuditKind
from orchestrate.positions.ended import forget_ended
from orchestrate.scheduler import LocalScheduler
from orchestrate.settings import Settings, load
from orchestrate.store.chain import short

Say = Callable[[str], None]

WATCH_TICK = 0.1
ANSWERS_SECONDS = 2.0
CHANGES_SECONDS = 2.0
TEND_SECONDS = 3.0
HEED_SECONDS = 1.0
POST_SECONDS = 1.0


class Ended(StrEnum):
    """Why a worker stopped serving."""

    STOPPED = "stopped"
    SETTINGS = "settings"
    CODE = "code"


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What one spell of work does: claims tasks, or only drives what is there until `is_over`."""

    app: App
    claims: bool = True
    is_over: Callable[[], bool] = lambda: False
    say: Say = lambda _: None

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until told to stop or until it is over; what is under way comes to a wait first.

        Raises StoreUnusable, and whatever else ended one of the loops.
        """
        try:
            await self._loops(stop)
        except BaseExceptionGroup as several:
            raise _first(several) from several

    async def _loops(self, stop: asyncio.Event) -> None:
        over = asyncio.Event()
        scheduler = LocalScheduler(self.app.store, self.app.runner.drive)
        async with asyncio.TaskGroup() as loops:
            loops.create_task(scheduler.run(over))
            always = (self._watch(scheduler), self._listen(scheduler), self._post(scheduler), self._heed())
            helpers = [loops.create_task(one) for one in always]
            if self.claims:
                bell = Bell(self.app)
                more = (self._claim(scheduler, bell), self._tend(), listen(self.app, bell, self.say))
                helpers += [loops.create_task(one) for one in more]
            await self._until_over(stop)
            self.app.runner.drain()
            over.set()
            for loop in helpers:
                loop.cancel()

    async def _until_over(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and not self.is_over():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_TICK)

    async def _watch(self, scheduler: LocalScheduler) -> None:
        while True:
            for deployment in await self.app.watching.look():
                scheduler.nudge(deployment)
            await asyncio.sleep(WATCH_TICK)

    async def _listen(self, scheduler: LocalScheduler) -> None:
        while True:
            await self._quietly(self._answers(scheduler))
            if self.claims:
                await self._quietly(self._called(scheduler))
            await asyncio.sleep(ANSWERS_SECONDS)

    async def _answers(self, scheduler: LocalScheduler) -> None:
        for deployment in await self.app.answers.read():
            scheduler.nudge(deployment)

    async def _called(self, scheduler: LocalScheduler) -> None:
        app = self.app
        calls = CalledOnThreads(clerk=Clerk(app), threads=app.answers.tasks, desk=app.crew.voice.desk)
        for deployment in await calls.read():
            scheduler.nudge(deployment)

    async def _post(self, scheduler: LocalScheduler) -> None:
        """Tell what could not be told at once."""
        while True:
            await self._quietly(self._posted(scheduler))
            await asyncio.sleep(POST_SECONDS)

    async def _posted(self, scheduler: LocalScheduler) -> None:
        for deployment in await self.app.postman.look():
            scheduler.nudge(deployment)

    async def _heed(self) -> None:
        """Say when somebody stops effects, and when they may begin again; the door obeys by itself."""
        before = None
        while True:
            stop = self.app.store.switch.stopped()
            if stop != before:
                self.say(stop.words if stop else "effects may begin again")
            before = stop
            await asyncio.sleep(HEED_SECONDS)

    async def _claim(self, scheduler: LocalScheduler, bell: Bell) -> None:
        """Look for work, and look sooner when a webhook comes: then checks may have changed too."""
        await forget_ended(self.app.positions, self.app.store)
        while True:
            await self._quietly(self._accept(scheduler))
            if await bell.rest(self.app.settings.worker.poll_interval):
                for deployment in bell.waiting():
                    scheduler.nudge(deployment)

    async def _tend(self) -> None:
        """What runs without us outlives us, but not the machine: whoever serves brings it back."""
        while True:
            stop = self.app.store.switch.stopped()
            for name in () if stop and stop.everything else self.app.settings.environments:
                await self._quietly(self._tend_one(name))
            await asyncio.sleep(TEND_SECONDS)

    async def _tend_one(self, environment: str) -> None:
        place = self.app.crew.places(environment)
        for component in place.environment.components:
            for said in await place.tend(component):
                self.say(f"{environment}: {component.name}: {said}, which should run and did not")

    async def _accept(self, scheduler: LocalScheduler) -> None:
        await self.app.unblocking.look()
        for deployment in await self.app.intake.claim(self.app.runner.worker):
            self.say(f"claimed {deployment.request.task} as deployment {deployment.id}")
            scheduler.nudge(deployment.id)

    async def _quietly(self, one_round: Awaitable[None]) -> None:
        """One outside system that is down, or answers as nobody foresaw, must not end the worker."""
        try:
            await one_round
        except OrchestrateError as problem:
            if not _is_known(problem):
                self.say(str(problem))
        except Exception as fault:  # noqa: BLE001 - releases are watched in the loop beside this one
            self.say("".join(format_exception(fault)).rstrip())


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Serves, and begins anew when its settings or its code have changed."""

    path: Path
    say: Say

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop. A broken new settings file is refused, and the old one stays in force."""
        settings = load(self.path)
        while not stop.is_set():
            ended, settings = await self._spell(settings, stop)
            if ended is Ended.CODE:
                self.say("the code has changed: starting anew")
                begin_anew()

    async def _spell(self, settings: Settings, stop: asyncio.Event) -> tuple[Ended, Settings]:
        changed = asyncio.Event()
        looking = asyncio.create_task(self._changes(settings, changed))
        stopping = asyncio.create_task(_either(stop, changed))
        over = asyncio.Event()
        stopping.add_done_callback(lambda _: over.set())
        standing: asyncio.Task[None] | None = None
        try:
            async with assembled(settings) as app:
                self._tell(app)
                standing = asyncio.create_task(self._models(app))
                await Serving(app=app, say=self.say).serve(over)
        finally:
            stopping.cancel()
            if standing is not None:
                standing.cancel()
        if stop.is_set():
            looking.cancel()
            return Ended.STOPPED, settings
        return await looking

    async def _models(self, app: App) -> None:
        """Say which models cannot be asked; nobody waits for that."""
        for one in await app.models():
            if not one.is_usable:
                self.say(f"model {one.model} ({one.tier}): {one.said}; a stand-in does its work")

    def _tell(self, app: App) -> None:
        """The audit hears under which settings this worker serves, from its start and from each reload."""
        settings, by = app.settings, app.runner.worker
        try:
            words = short(settings.path.read_text())
            app.store.audit.add(AuditKind.SETTINGS, by=by, settings=words, service=settings.service)
        except (AuditUnusable, OSError) as problem:
            self.say(f"{problem}; nothing is done until that is cured")

    async def _changes(self, settings: Settings, changed: asyncio.Event) -> tuple[Ended, Settings]:
        seen, code = settings.path.stat().st_mtime_ns, _code_stamp()
        while True:
            await asyncio.sleep(CHANGES_SECONDS)
            if _code_stamp() != code:
                changed.set()
                return Ended.CODE, settings
            now = settings.path.stat().st_mtime_ns if settings.path.exists() else seen
            if now == seen:
                continue
            seen = now
            try:
                fresh = load(self.path)
            except SettingsInvalid as problem:
                self.say(f"refused: {problem}; the old settings stay in force")
                continue
            changed.set()
            return Ended.SETTINGS, fresh


def _is_known(problem: OrchestrateError) -> bool:
    """Whether it was said already, when somebody stopped effects."""
    return isinstance(problem, EffectsStopped) and not isinstance(problem, AuditUnusable)


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = several.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner  # pyright: ignore[reportUnknownArgumentType]


def begin_anew() -> None:
    """Replace this process by a new one with the same arguments."""
    os.execv(sys.executable, [sys.executable, "-m", "orchestrate", *sys.argv[1:]])  # noqa: S606


async def _either(first: asyncio.Event, second: asyncio.Event) -> None:
    waits = [asyncio.create_task(one.wait()) for one in (first, second)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def _code_stamp() -> int:
    """The newest modification time of our own code and prompts, in nanoseconds."""
    folders = [
        Path(package.__file__ or "").parent for package in (agents, graphs, orchestrate, prompts, tools)
    ]
    files = [
        file for folder in folders for file in folder.rglob("*") if file.suffix in (".py", ".md", ".yaml")
    ]
    return max(file.stat().st_mtime_ns for file in files)
