"""`python -m tests.bench [NAME…] [--json]`: measure, and print one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import claiming, command_line, log_stream, orchestration, rollback, waiting
from tests.bench.table import Row, document, table

MEASURES: Mapping[str, Callable[[Path], list[Row]]] = {
    "orchestration": orchestration.measured,
    "waiting": waiting.measured,
    "claims": claiming.measured,
    "cli": command_line.measured,
    "rollback": rollback.measured,
    "logs": log_stream.measured,
}


def main() -> int:
    """Exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASURES)}; none: all")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in MEASURES]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(MEASURES)}")
    rows: list[Row] = []
    for name in given.names or MEASURES:
        sys.stderr.write(f"measuring {name} …\n")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            rows += MEASURES[name](Path(folder))
    sys.stdout.write((document(rows) if given.json else table(rows)) + "\n")
    return int(any(row.ok is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
