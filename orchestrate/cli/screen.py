"""Screens: what is seen of a deployment on its way, as lines, as a live view, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from orchestrate.cli.output import Output
from orchestrate.cli.progress import Progress
from orchestrate.models.deployment import Event
from orchestrate.outside import visible

LOUD = {
    "failed": "bold red",
    "parked": "bold red",
    "blocked": "yellow",
    "verdict": "cyan",
    "decided": "green",
}
Looking = Callable[[], Progress]


class Screen(AbstractContextManager["Screen"], Protocol):
    """Where a deployment's way is shown."""

    def event(self, event: Event) -> None:
        """Something happened."""
        ...

    def progress(self, looking: Looking) -> None:
        """How far it is now, for a screen that shows it."""
        ...

    def say(self, text: str) -> None:
        """Words beside its way."""
        ...

    def pause(self) -> None:
        """Somebody is about to type."""
        ...

    def resume(self) -> None:
        """Nobody types any more."""
        ...


class Lines:
    """One line for each event."""

    def __init__(self, out: Output) -> None:
        self._out, self._story = out, Story()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def event(self, event: Event) -> None:
        text = self._story.line(event)
        if text is not None:
            self._out.say(text)

    def progress(self, looking: Looking) -> None:  # noqa: ARG002  lines tell events alone
        return None

    def say(self, text: str) -> None:
        self._out.say(text)

    def pause(self) -> None:
        return None

    def resume(self) -> None:
        return None


class LiveView:
    """On a terminal: the events, and below them where it stands and what the numbers are."""

    def __init__(self) -> None:
        self._story = Story()
        self._console = Console(highlight=False)
        self._spinner = Spinner("dots")
        self._live = self._fresh()

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        text = self._story.line(event)
        if text is not None:
            style = LOUD.get(event.kind, "bold" if event.kind == "stage" else "")
            self._console.print(Text(visible(text), style=style))

    def progress(self, looking: Looking) -> None:
        found = looking()
        self._spinner.update(text=Text(visible(found.title), style="bold"))
        self._live.update(Group(self._spinner, *(Text(visible(line)) for line in found.lines())))

    def say(self, text: str) -> None:
        self._console.print(Text(visible(text)))

    def pause(self) -> None:
        self._live.stop()

    def resume(self) -> None:
        """With a new one: the old one would draw over what was typed."""
        self._live = self._fresh()
        self._live.start()

    def _fresh(self) -> Live:
        return Live(console=self._console, refresh_per_second=8, transient=True)


def screen(out: Output) -> Screen:
    """The live view where a person looks at a terminal that can show one, lines everywhere else."""
    if out.is_live and not Console().is_dumb_terminal:
        return LiveView()
    return Lines(out)


class Story:
    """Events as lines; what was just said is not said again."""

    def __init__(self) -> None:
        self._last = ""
        self._stage = ""

    def line(self, event: Event) -> str | None:
        """The event with its time of day; None for what is only kept."""
        text = words(event)
        if text is None or text in (self._last, self._stage):
            return None
        self._last = text
        self._stage = text if event.kind == "stage" else self._stage
        return f"{time.strftime('%H:%M:%S', time.localtime(event.at))} {text}"


def words(event: Event) -> str | None:
    """An event as one line; None for what is only kept."""
    stage = event.stage.value.replace("_", " ") if event.stage else ""
    data, text = event.data, " ".join(event.text.split())
    match event.kind:
        case "probe":
            return None
        case "stage":
            return stage
        case "gate" if data.get("finding") == "pass":
            return None
        case "gate":
            return f"  gate {data.get('gate', '')}: {data.get('finding', '')}: {text}"
        case "move":
            return f"  move {int(data.get('index', '0')) + 1}/{data.get('of', '?')}: {text}"
        case kind:
            return f"  {kind.replace('_', ' ')}: {text}"
