"""Output: lines and tables for people, or one JSON document, and never both."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from orchestrate.outside import visible
from orchestrate.redaction import without_secrets, without_secrets_in

Data = Mapping[str, object]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")]

STYLES: Mapping[str, str] = {
    **dict.fromkeys(("pass", "ok", "deployed", "passed", "approved", "healthy"), "green"),
    **dict.fromkeys(("fail", "failed", "rollback_failed", "parked", "unhealthy"), "bold red"),
    **dict.fromkeys(("unknown", "wait", "warn", "waiting", "rolled_back", "timed_out", "blocked"), "yellow"),
}
"""Words that stand out in a table on a terminal."""


class Unread(Exception):
    """Nobody reads the output any more."""


@dataclass(frozen=True)
class Output:
    """Where one command's answer goes."""

    as_json: bool = False

    @property
    def is_live(self) -> bool:
        """Whether a person looks at a terminal."""
        return not self.as_json and sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """Words for people; what others wrote cannot steer the terminal."""
        if not self.as_json:
            _put(without_secrets(visible(text)))

    def note(self, text: str) -> None:
        """Something beside the answer."""
        note(text)

    def result(self, data: Data) -> None:
        """The answer for programs."""
        if self.as_json:
            _put(_document(data, indent=2))

    def line(self, data: Data) -> None:
        """One JSON document in a stream of them, a line each."""
        if self.as_json:
            _put(_document(data))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns; in colours on a terminal, plain everywhere else."""
        if self.as_json:
            return
        clean = [[" ".join(without_secrets(visible(cell)).split()) for cell in row] for row in rows]
        if self.is_live:
            _rich_table(head, clean)
        else:
            _put("\n".join(columns(head, clean)))


def _document(data: Data, indent: int | None = None) -> str:
    told = without_secrets_in(json.loads(json.dumps(data, default=str)))
    return json.dumps(told, indent=indent)


def _put(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise Unread from None


def note(text: str) -> None:
    """A line on stderr."""
    print(without_secrets(visible(text)), file=sys.stderr, flush=True)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose cells stand below each other."""
    lines = [head, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _rich_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # slow to import
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)
