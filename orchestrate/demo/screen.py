"""Screens: the story as lines, with the view below it where a person looks at a terminal."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrate.demo.story import Line
from orchestrate.demo.view import Scene, drawn, plain, row


class Page(Console):
    """A console that need not be read to the end: when nobody reads any more, the demo goes on unseen."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


class Screen(AbstractContextManager["Screen"], Protocol):
    """Where the demo is seen."""

    @property
    def is_live(self) -> bool:
        """Whether `show` is worth a look at everything."""
        ...

    def tell(self, line: Line) -> None:
        """Something happened."""
        ...

    def show(self, scene: Scene) -> None:
        """How everything is now."""
        ...

    def ask(self, shown: RenderableType) -> None:
        """Show this, and leave the last line to a person who types."""
        ...

    def go_on(self) -> None:
        """Nobody types any more."""
        ...


class Lines:
    """One line for each happening."""

    is_live = False

    def __init__(self, console: Console, began: float) -> None:
        self._console, self._began = console, began

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, line: Line) -> None:
        self._console.print(Text(plain(line, self._began)), soft_wrap=True)

    def show(self, scene: Scene) -> None:  # noqa: ARG002  lines tell happenings alone
        return None

    def ask(self, shown: RenderableType) -> None:
        self._console.print(shown)

    def go_on(self) -> None:
        return None


class LiveView:
    """The happenings, and below them the view, drawn anew only when it is told to."""

    is_live = True

    def __init__(self, console: Console, began: float) -> None:
        self._console, self._began = console, began
        self._live = self._fresh()

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, line: Line) -> None:
        self._console.print(row(line, self._began))

    def show(self, scene: Scene) -> None:
        self._live.update(drawn(scene), refresh=True)

    def ask(self, shown: RenderableType) -> None:
        self._live.stop()
        self._console.print(shown)

    def go_on(self) -> None:
        """A new one: the old one would draw over what stands where it was."""
        self._live = self._fresh()
        self._live.start()

    def _fresh(self) -> Live:
        return Live(console=self._console, auto_refresh=False, transient=True)


def screen(console: Console, began: float) -> Screen:
    """The live view where the terminal can show one, lines everywhere else."""
    can_show = console.is_terminal and not console.is_dumb_terminal
    return LiveView(console, began) if can_show else Lines(console, began)
