"""The summary: the ending, printed."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrate.demo.ending import Ended, Ending, near

MARKS = {True: ("✓", "green"), False: ("✗", "bold red")}
WIDEST = 110


def told(ending: Ending, console: Console) -> None:
    """Print it."""
    width = min(console.width, WIDEST)
    console.print(Text("\nHow it ended", style="bold"))
    for one in ending.changes:
        _change(one, console, width)
    console.print(Text("\nWhat the customers of production saw", style="bold"))
    console.print(Padding(Text(_customers(ending)), (0, 0, 0, 4)), width=width)
    console.print(Text(f"\nNext, in {near(ending.folder)}", style="bold"), soft_wrap=True)
    for command in ending.next:
        console.print(Text(f"    # {command.what}", style="dim"), soft_wrap=True)
        console.print(Text(f"    {command.words}"), soft_wrap=True)


def _change(one: Ended, console: Console, width: int) -> None:
    mark, style = MARKS[one.is_as_expected]
    head = Text.assemble(
        "\n", (f"  {mark} ", style), (one.label, "bold"), f"  {one.title} ({one.task}): ", (one.words, style)
    )  # fmt: skip
    console.print(head, width=width)
    grid = Table.grid()
    grid.add_column(overflow="fold")
    for sentence in one.because:
        grid.add_row(sentence)
    console.print(Padding(grid, (0, 0, 0, 4)), width=width, highlight=False)


def _customers(ending: Ending) -> str:
    asked = ending.served + ending.failed
    kinds = ", ".join(f"{count} × {kind.replace('_', ' ')}" for kind, count in sorted(ending.errors.items()))
    if not ending.failed:
        return f"{asked:,} requests were answered, and none failed."
    measured = f"The canary of change 2 had measured {ending.canary_errors} of them when it was taken back."
    return f"{ending.served:,} requests were served, {ending.failed:,} failed: {kinds}. {measured}"
