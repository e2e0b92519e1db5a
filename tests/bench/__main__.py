"""`python -m tests.bench [NAME…] [--json]`: measure, and print one table."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import claiming, command_line, log_stream, orchestration, rollback, waiting
from tests.bench.table import Row, document, table


@dataclass(frozen=True)
class Measure:
    """What makes rows, and the programs without which it cannot."""

    rows: Callable[[Path], list[Row]]
    programs: tuple[str, ...] = ()


MEASURES: Mapping[str, Measure] = {
    "orchestration": Measure(orchestration.measured),
    "waiting": Measure(waiting.measured, ("git",)),
    "claims": Measure(claiming.measured),
    "cli": Measure(command_line.measured),
    "rollback": Measure(rollback.measured, ("git",)),
    "logs": Measure(log_stream.measured),
}


def main() -> int:
    """Exit code 1 when a target was missed, or could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASURES)}; none: all")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in MEASURES]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(MEASURES)}")
    rows = [row for name in given.names or MEASURES for row in _measured(name)]
    sys.stdout.write((document(rows) if given.json else table(rows)) + "\n")
    sys.stderr.write(_machine() + "\n")
    return int(any(row.ok is False for row in rows))


def _measured(name: str) -> list[Row]:
    measure = MEASURES[name]
    missing = [program for program in measure.programs if shutil.which(program) is None]
    if missing:
        return [Row(what=name, measured=f"not installed: {', '.join(missing)}")]
    sys.stderr.write(f"measuring {name} …\n")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            return measure.rows(Path(folder))
    except Exception as fault:  # noqa: BLE001 - the outermost loop: one that breaks costs no other its rows
        traceback.print_exc()
        return [Row(what=name, measured=f"{type(fault).__name__}: {fault}", ok=False)]


def _machine() -> str:
    """Where this was measured, and how much else was going on."""
    load, _, _ = os.getloadavg()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{os.cpu_count()} cores, load {load:.1f} in the last minute; {platform.system()}, {versions}"


if __name__ == "__main__":
    sys.exit(main())
