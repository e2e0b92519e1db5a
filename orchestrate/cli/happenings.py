"""Happenings: what goes on in a worker, a line each, for people or for programs."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from orchestrate.cli.exits import Exit
from orchestrate.cli.output import Output, note
from orchestrate.cli.screen import words
from orchestrate.models.deployment import Event
from orchestrate.store import Store

LOOK_SECONDS = 0.5


def happened(out: Output, text: str) -> None:
    """Something that belongs to no deployment."""
    out.say(f"{time.strftime('%H:%M:%S')} {text}")
    out.line({"at": time.time(), "kind": "worker", "text": text})


class Telling:
    """Tells the events of every deployment as they come."""

    def __init__(self, store: Store, out: Output) -> None:
        self._store, self._out = store, out
        newest = store.events.tail(1)
        self._seen = newest[-1].seq if newest else 0

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self.catch_up()
            await asyncio.sleep(LOOK_SECONDS)

    def catch_up(self) -> None:
        """Tell what has come since the last look."""
        for event in self._store.events.after(self._seen):
            self._seen = event.seq
            self._tell(event)

    def _tell(self, event: Event) -> None:
        text = words(event)
        if text is not None:
            about = f"{event.deployment} " if event.deployment else ""
            self._out.say(f"{time.strftime('%H:%M:%S', time.localtime(event.at))} {about}{text.strip()}")
        self._out.line(event.model_dump(mode="json"))


def draining() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            note("stopped at once; another worker continues from the last finished step")
            os._exit(Exit.STOPPED)
        note("stopping: what is under way comes to a wait first (once more to stop at once)")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    return stop
