"""The table: what was measured, beside its reference and its target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

HEADINGS = ("what", "measured", "reference", "ratio", "target", "verdict")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number, and whether it is good enough; `ok` is None where it was not measured."""

    what: str
    measured: str
    reference: str = ""
    ratio: float | None = None
    target: str = ""
    ok: bool | None = None


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in [lines[0], "  ".join("─" * one for one in widths), *lines[1:]])


def document(rows: Sequence[Row]) -> str:
    """The rows as JSON."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = {None: "skipped", True: "met", False: "MISSED"}[row.ok]
    return (row.what, row.measured, row.reference, ratio, row.target, verdict)
