"""Markdown: tables, lists and the last look at a text before people read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from orchestrate.approvals import answer_in
from orchestrate.outside import muted, visible


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already; a cell is one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bullets(lines: Iterable[str]) -> str:
    """A list, one line each."""
    return "\n".join(f"- {line}" for line in lines)


def numbered(lines: Iterable[str]) -> str:
    """A list that counts from 1."""
    return "\n".join(f"{index}. {line}" for index, line in enumerate(lines, 1))


def section(title: str, body: str) -> str:
    """A titled part, or nothing where there is nothing to say."""
    return f"{TITLE}{title}\n{body}" if body else ""


def code(text: str) -> str:
    """`text` as a code span that it cannot end; for names and ids."""
    line = " ".join(visible(text).split()).replace("`", "ˋ").replace("|", "¦")
    return f"`{muted(line)}`" if line else ""


def page(*parts: str) -> str:
    """The parts that say something, apart from each other, with nothing in them that answers a question."""
    return sealed("\n\n".join(part for part in parts if part))


def sealed(text: str) -> str:
    """`text` without a line that would be an answer if it stood alone; titles stay as they are."""
    return "\n".join(_dotted(line) if _answers(line) else line for line in text.split("\n"))


TITLE = "### "
_MARKUP = "`*_>-+#|~. \t"


def _answers(line: str) -> bool:
    return not line.startswith(TITLE) and answer_in(line.strip().strip(_MARKUP)) is not None


def _dotted(line: str) -> str:
    """`line` with a dot before its words, so that a list stays a list."""
    words = line.lstrip(_MARKUP)
    return f"{line[: len(line) - len(words)]}· {words}"


def mention(name: str) -> str:
    """A person of ours, called by name."""
    return f"@{''.join(name.split())}"


def called(owner: str | None) -> str:
    """How a text begins that somebody must not miss."""
    return f"{mention(owner)}: " if owner else ""


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `12 min`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def instant(at: float) -> str:
    """Epoch seconds as a readable UTC time."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def percent(hundredths: int) -> str:
    """Hundredths of a percent: `1.00 %`."""
    return f"{hundredths / 100:.2f} %"
