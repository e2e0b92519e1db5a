"""`python -m tests.faults.crashes [SCENE [WRITE [WRITE]]]`: the crash matrix, or one case of it.

Without numbers: the single ends of one scene, or of all, at each moment around an effect, a checkpoint, an
answer, a claim, a lock, a file or an end; with --every-write at all others, too; with --pairs also all pairs.
With numbers: the case in which the first process ends after that write of its own, and the next one after
that of its own. --postgres PORT plays single ends on a server. --blind is the proof that the matrix can fail:
there the executor does not look whether something happened already.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from tests.faults.crashes.cases import Cases
from tests.faults.crashes.ending import KINDS
from tests.faults.crashes.ground import InFolder, OnServer
from tests.faults.crashes.matrix import Matrix, workplace
from tests.faults.crashes.scenes import SCENES
from tools.executor import Executor


def main(words: Sequence[str]) -> int:
    """Play what is asked for; 1 when anything ended otherwise than undisturbed."""
    asked = _asked(words)
    if asked.blind:
        setattr(Executor, Executor._happened.__name__, _sees_nothing)
    total: Counter[str] = Counter()
    for scene in [asked.scene] if asked.scene else SCENES:
        with workplace() as folder:
            matrix = Matrix(scene, folder, OnServer(asked.postgres, scene) if asked.postgres else InFolder())
            matrix.play(Cases(asked.pairs, asked.every_write, tuple(asked.write)))
        _say(matrix.summary(), *matrix.faults)
        total.update(matrix.kinds)
        total["cases"] += matrix.played.total()
    _say(f"{total['cases']} cases: " + ", ".join(f"{total[kind]} {kind}" for kind in KINDS))
    return int(any(total[kind] for kind in KINDS))


async def _sees_nothing(*_: object) -> None:
    """Whether it happened already is not looked at."""


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crashes")
    parser.add_argument("scene", nargs="?", choices=list(SCENES))
    parser.add_argument("write", nargs="*", type=int)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--every-write", action="store_true")
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--postgres", type=int, metavar="PORT")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
