"""`python -m tests.mutants [WORD…]`: take out each guard in turn; a test must notice."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.guards import GUARDS
from tests.mutants.removal import Copy, Found, Removal

SIDE_BY_SIDE = 2


def main(words: list[str]) -> int:
    """Exit code 1 when a guard can be taken out and nobody notices."""
    chosen = [one for one in GUARDS if not words or any(word in one.guard for word in words)]
    if not chosen:
        sys.stderr.write(f"no guard's name holds {' or '.join(words)}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        found = _all_found(chosen, Path(folder))
    missed = [one for one in found if not one.noticed]
    for one in missed:
        sys.stdout.write(f"\n{one.removal.guard} ({one.removal.file}): nobody noticed\n{one.said}\n")
    sys.stdout.write(f"{len(found)} guards taken out, {len(found) - len(missed)} noticed\n")
    return int(bool(missed))


def _all_found(chosen: list[Removal], folder: Path) -> list[Found]:
    copies: SimpleQueue[Copy] = SimpleQueue()
    for number in range(SIDE_BY_SIDE):
        copies.put(Copy(folder / str(number)))

    def one_found(removal: Removal) -> Found:
        copy = copies.get()
        try:
            found = copy.without(removal)
        finally:
            copies.put(copy)
        sys.stderr.write(f"{'noticed' if found.noticed else 'MISSED '}  {removal.guard}\n")
        return found

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(one_found, chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
