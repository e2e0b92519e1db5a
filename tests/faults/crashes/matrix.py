"""The crash matrix: a process is killed at every write that outlives it, and whoever recovers is killed too.

A single end is a process that is forked and killed (os._exit) at one of its writes, and another one that goes
on. In a pair that other one ends as well, at each moment of its own in turn: its folder is copied there,
because just that is what a killed process leaves, and one more goes on in the copy.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Value
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.faults.crashes.cases import Case, Cases, Way
from tests.faults.crashes.ending import KINDS, Wrong, compared
from tests.faults.crashes.ground import BEGIN, InFolder
from tests.faults.crashes.life import Life, Stuck
from tests.faults.crashes.points import At, nothing
from tests.faults.crashes.slot import Slot, child, ended, in_child

IN_MEMORY = Path("/dev/shm")
AT_ONCE = 2


@dataclass
class Matrix:
    """The cases of a scene, and which of them ended otherwise than the undisturbed twin."""

    scene: str
    folder: Path
    ground: InFolder
    writes: int = 0
    effects: int = 0
    played: Counter[int] = field(default_factory=Counter[int])  # cases by how many processes are killed
    kinds: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])
    taken: Synchronized[int] = field(default_factory=lambda: Value("i"))  # first ends that somebody plays

    def play(self, cases: Cases) -> None:
        """Begin the scene once, and play what is asked for from there. Raises Stuck when it cannot be."""
        if in_child(self._begin) != 0:
            raise Stuck(f"{self.scene} does not begin")
        self.ground.spread([self._slot(number) for number in range(AT_ONCE)])
        shares = [child(lambda number=number: self._share(number, cases)) for number in range(AT_ONCE)]
        if any([ended(share) for share in shares]):
            raise Stuck(f"{self.scene} could not be played")
        for number in range(AT_ONCE):
            lines = self._slot(number).with_suffix(".jsonl").read_text().splitlines()
            self.writes, self.effects = json.loads(lines[0])
            for line in lines[1:]:
                self._note(*json.loads(line))

    def summary(self) -> str:
        """One line for people."""
        said = ", ".join(f"{self.kinds[kind]} {kind}" for kind in KINDS)
        cases = f"{self.played[1]} single ends and {self.played[2]} pairs"
        return f"{self.scene}: {self.effects} effects, {self.writes} writes; {cases}: {said}"

    def _begin(self) -> None:
        begin = self.folder / BEGIN
        begin.mkdir()
        os.chdir(begin)
        self.ground.make(begin)
        asyncio.run(Life.ready(self.scene, self.ground.url(begin)).begin())

    def _share(self, number: int, cases: Cases) -> None:
        folder = self._slot(number)
        folder.mkdir()
        os.chdir(folder)
        life = Life.ready(self.scene, self.ground.url(folder))
        slot = Slot.open(life, self.folder / BEGIN, lambda: self.ground.renew(folder))
        twin = slot.twin
        with folder.with_suffix(".jsonl").open("w") as file:
            effects = sum("effects.intend" in one for one in twin.passed)
            file.write(json.dumps([len(twin.passed), effects]) + "\n")
            for first in self._in_turn(cases.firsts(twin.passed, life.scene.parts_at)):
                for case, way, wrong in self._played(slot, first, cases):
                    file.write(json.dumps([case, way, wrong]) + "\n")

    def _in_turn(self, firsts: Sequence[int]) -> Iterator[int]:
        """Those that no other process took before."""
        while True:
            with self.taken.get_lock():
                number, self.taken.value = self.taken.value, self.taken.value + 1
            if number >= len(firsts):
                return
            yield firsts[number]

    def _played(self, slot: Slot, first: int, cases: Cases) -> Iterator[tuple[Case, str, Wrong]]:
        """The first process ends there; then those in which the second one ends as well."""
        branches = slot.folder.with_suffix(".branches")
        seconds: dict[int, str] = {}
        parts_at = slot.life.scene.parts_at
        come = Way(parts_at, is_own=any(parts_at in what for what in slot.twin.passed[:first]))

        def branch(number: int, what: str) -> None:
            if cases.is_second(number, what, come):
                slot.leave(branches / str(number))
                seconds[number] = what

        slot.lay(self.folder / BEGIN)
        way = f"after {slot.twin.passed[first - 1]}"
        if not slot.kill(first):
            yield (first,), way, {"stuck": ["it came to its end before this write"]}
            return
        yield (first,), way, ending(slot, branch)
        for second, what in seconds.items():
            slot.take(branches / str(second))
            yield (first, second), f"{way}, then after {what}", ending(slot)
        shutil.rmtree(branches, ignore_errors=True)

    def _note(self, case: Case, way: str, wrong: Wrong) -> None:
        self.played[len(case)] += 1
        self.kinds.update(wrong.keys())
        if wrong:
            said = "; ".join(f"{kind}: {', '.join(words)}" for kind, words in wrong.items())
            again = f"python -m tests.faults.crashes {self.scene} {' '.join(map(str, case))}"
            self.faults.append(f"{way}: {said}\n    {again}")

    def _slot(self, number: int) -> Path:
        return self.folder / f"slot {number}"


def ending(slot: Slot, branch: At = nothing) -> Wrong:
    """Go on to the end; what is wrong with it."""
    try:
        return compared(slot.finish(branch), slot.twin)
    except Stuck as problem:
        return {"stuck": [str(problem)]}


@contextmanager
def workplace() -> Generator[Path]:
    """A folder in memory, where the machine has that."""
    with tempfile.TemporaryDirectory(
        dir=IN_MEMORY if IN_MEMORY.is_dir() else None, prefix="crashes-"
    ) as name:
        yield Path(name)
