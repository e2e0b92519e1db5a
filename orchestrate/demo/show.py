"""The show: four changes meet a shop under real traffic; one is good, three are not."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrate.app import App, assembled, open_store
from orchestrate.demo import summary
from orchestrate.demo.asking import can_ask
from orchestrate.demo.chapters import CHAPTERS
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.ending import Looking, program
from orchestrate.demo.material import Material
from orchestrate.demo.play import Play, is_settled
from orchestrate.demo.premises import Premises
from orchestrate.demo.prepare import SETTINGS, Errand, fill_queue, kept, known_errands, prepared
from orchestrate.demo.screen import screen
from orchestrate.demo.story import Story
from orchestrate.errors import Refused
from orchestrate.settings import Settings

RATE = 100.0
FOLDER = Path("orchestrate-demo")
CLOSED = "closed"
STOPPED = 130  # Ctrl-C
ENOUGH = 40  # requests per second, of which a tenth has to show what one in ten sees


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the demo is run."""

    folder: Path = FOLDER
    identity: str  # the operating system's user, who approves
    yes: bool = False  # approve without asking
    keep: bool = False  # leave the shop running in the end
    stop: bool = False  # stop what an earlier run left running, and nothing else
    rate: float = RATE  # requests per second
    port: int | None = None  # production's; staging takes the next. 0: any two that are free
    as_json: bool = False  # the ending as one JSON document, and nothing else


async def main(options: Options, console: Console) -> int:
    """Run the demo to its end; 0 when every change ended as it should, 130 when a person stopped it.

    Raises PortTaken, Refused, and whatever keeps the product from working.
    """
    quiet = Console(quiet=True) if options.as_json else console
    if options.stop:
        return await _stop(options, quiet)
    material, settings = await prepared(options.folder, options.identity, options.port)
    async with _opened(settings) as app:
        show = Show(app=app, options=options, material=material, console=quiet, out=console)
        return await show.run()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[App]:
    store = open_store(settings)
    try:
        async with assembled(settings, store) as app:
            yield app
    finally:
        store.close()


async def _stop(options: Options, console: Console) -> int:
    """End the customers, the shop and its routers, and remember when that was in the middle."""
    async with _opened(kept(options.folder)) as app:
        await Premises(app=app, rate=options.rate).close()
        if not _is_played(app, await known_errands(app)):
            _closed(app).touch()
    console.print("Stopped: the customers, the shop and its routers.")
    console.print(
        f"The folder stays. To begin anew: rm -r {shlex.quote(str(options.folder))}", soft_wrap=True
    )
    return 0


@dataclass(frozen=True, kw_only=True)
class Show:
    """One run of the command."""

    app: App
    options: Options
    material: Material
    console: Console
    out: Console  # where the ending goes as JSON

    async def run(self) -> int:
        """What is left of the play, and the ending."""
        errands = await known_errands(self.app)
        if is_new := not _is_played(self.app, errands):
            played = await self._play(bool(errands))
            if played is None:
                self._interrupted()
                return STOPPED
            errands = played
        counts = await self._leave() if is_new else self._premises.counts()
        ending = Looking(self.app, errands).ending(counts)
        if self.options.as_json:
            self.out.out(ending.model_dump_json(indent=2), highlight=False)
        else:
            summary.told(ending, self.console)
            await self._tell_what_runs()
        return 0 if ending.is_good else 1

    @property
    def _premises(self) -> Premises:
        return Premises(app=self.app, rate=self.options.rate)

    async def _play(self, goes_on: bool) -> tuple[Errand, ...] | None:
        """The errands when all have ended; None when a person stopped it."""
        if _closed(self.app).exists():
            raise Refused(
                f"the demo in {self.options.folder} was stopped in the middle",
                cure=f"rm -r {shlex.quote(str(self.options.folder))}, then begin anew",
            )
        began = self.app.store.clock()
        await self._premises.open()
        self._introduce(goes_on)
        with _told_to_stop(self.console) as stop:
            errands = await fill_queue(self.app, self.material)
            await self._played(errands, began, goes_on).run(stop)
        return None if stop.is_set() else errands

    def _played(self, errands: tuple[Errand, ...], began: float, goes_on: bool) -> Play:
        story = Story(self.app.store, errands, str(self.material.folder))
        if goes_on:
            story.skip()
        return Play(
            app=self.app,
            premises=self._premises,
            errands=errands,
            story=story,
            screen=screen(self.console, began),
            console=self.console,
            identity=self.options.identity,
            asks=self._asks,
            began=began,
        )

    @property
    def _asks(self) -> bool:
        return not self.options.yes and not self.options.as_json and can_ask()

    def _introduce(self, goes_on: bool) -> None:
        said = "The demo goes on where it was left" if goes_on else "Four changes meet a shop that people use"
        self.console.print(Text(f"{said}, in {self.options.folder}\n", style="bold"), soft_wrap=True)
        table = Table.grid(padding=(0, 2))
        for one in CHAPTERS:
            table.add_row(f"  {one.label}", one.gist)
        self.console.print(table)
        self._say(
            f"\nProduction is {self._premises.url()}; once it answers, {self.options.rate:.0f} requests come "
            f"in every second.\n{self._approver()} Ctrl-C stops; nothing is lost.\n"
        )
        if self.options.rate < ENOUGH:
            self._say(f"With fewer than {ENOUGH} requests a second, the canary may see too few to tell.\n")

    def _approver(self) -> str:
        if self._asks:
            return "You will be asked before anything goes to production."
        why = "as you said" if self.options.yes else "since nobody is at a terminal to be asked"
        return f"What goes to production is approved as {self.options.identity}, {why}."

    async def _leave(self) -> TrafficCounts:
        return self._premises.counts() if self.options.keep else await self._premises.close()

    async def _tell_what_runs(self) -> None:
        if not await self._premises.serves():
            folder = shlex.quote(str(self.options.folder))
            self._say(f"The shop is closed, and nothing runs any more. To see it all again: rm -r {folder}")
            return
        self._say(f"The shop serves on {self._premises.url()}, and customers come for an hour.")
        self._say(f"To stop all of it: {self._command('--stop')}")

    def _interrupted(self) -> None:
        settings = self.options.folder / SETTINGS
        self._say("\nStopped. Nothing is lost: the shop still serves, and its customers still come.")
        self._say(f"  to go on:            {self._command()}")
        self._say(f"  the same, unseen:    {program(Path.cwd())} --config {settings} worker")
        self._say(f"  to stop everything:  {self._command('--stop')}")

    def _command(self, *options: str) -> str:
        where = () if self.options.folder == FOLDER else ("--folder", shlex.quote(str(self.options.folder)))
        return " ".join((program(Path.cwd()), "demo", *where, *options))

    def _say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)


def _is_played(app: App, errands: tuple[Errand, ...]) -> bool:
    return len(errands) == len(CHAPTERS) and is_settled(app.store, errands)


def _closed(app: App) -> Path:
    return app.settings.path.parent / CLOSED


@contextmanager
def _told_to_stop(console: Console) -> Generator[asyncio.Event]:
    """Set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            console.show_cursor(True)
            os._exit(STOPPED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
