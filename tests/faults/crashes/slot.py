"""A slot: the folder in which one life after another is lived; those that are killed are forked."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults.crashes.ending import Ending, ending_of
from tests.faults.crashes.life import Life, Stuck
from tests.faults.crashes.points import At, Points, nothing, watch_files
from tools import workspace
from tools.confined import folder_below
from tools.grounds import TRASH, Grounds, grounds, trash_of
from tools.marker import MARKER, Marker, write_note
from tools.occupants import end_occupants

ENDED = 9
"""What a process ends with that is killed in the middle."""

WARM = 3  # lives after which every statement is compiled
OFTEN = 20  # lives between two collections of garbage


@dataclass
class Slot:
    """The working folder of this process, in which it lives the life of one scene again and again."""

    folder: Path
    life: Life
    renew: Callable[[], None]  # the database as it was in the beginning, where it is not in the folder
    twin: Ending = field(default_factory=Ending)
    lives: int = 0
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)  # its threads outlast a life

    @classmethod
    def open(cls, life: Life, begin: Path, renew: Callable[[], None]) -> Slot:
        """Warm, and standing where the scene begins."""
        slot = cls(Path.cwd(), life, renew)
        gc.disable()
        watch_files()
        setattr(workspace, end_occupants.__name__, nobody)
        for _ in range(WARM):
            slot.lay(begin)
            slot.twin = slot.finish()
        gc.collect()
        gc.freeze()
        return slot

    def lay(self, base: Path) -> None:
        """The folder as it was left there: nothing else stays in it."""
        self._empty()
        shutil.copytree(base, self.folder, symlinks=True, copy_function=shutil.copy, dirs_exist_ok=True)
        self._stand()

    def take(self, base: Path) -> None:
        """The folder that was left there, in the place of this one."""
        self._empty()
        self.folder.rmdir()
        base.rename(self.folder)
        os.chdir(self.folder)
        self._stand()

    def kill(self, at: int) -> bool:
        """A process that goes on, and is killed at its `at`-th write; False when it came to its end."""

        def end(number: int, what: str) -> None:
            if number == at:
                self.life.outlive_the_lease()
                os._exit(ENDED)

        return in_child(lambda: asyncio.run(self._live(Points(end)))) == ENDED

    def finish(self, at: At = nothing) -> Ending:
        """Go on to the end, and let this happen at each write. Raises Stuck, with what went wrong."""
        points = Points(at)
        try:
            found = self.runner.run(self._live(points))
        except Stuck:
            raise
        except Exception as problem:
            raise Stuck("".join(traceback.format_exception(problem))) from problem
        finally:
            self.life.store.close()
        self.lives += 1
        if self.lives % OFTEN == 0:
            gc.collect()
        return replace(found, passed=points.passed)

    def leave(self, base: Path) -> None:
        """Leave all there as whoever is killed now would leave it."""
        self.life.outlive_the_lease()
        shutil.copytree(self.folder, base, symlinks=True, copy_function=shutil.copy)

    async def _live(self, points: Points) -> Ending:
        return await self.life.go_on(points, ending_of)

    def _stand(self) -> None:
        sign_again(self.folder / "workspaces")
        self.renew()

    def _empty(self) -> None:
        if not self.folder.name.startswith("slot "):
            raise ValueError(f"{self.folder} is no slot")
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        os.chdir(self.folder)


def nobody(*_: object) -> tuple[str, ...]:
    """Who lives in a workspace: the processes of a machine belong to the outside, and looking takes long."""
    return ()


def sign_again(root: Path) -> None:
    """A workspace that was copied is another folder than its marker says: here the copy is meant."""
    if not root.exists():
        return
    with grounds(root) as at, trash_of(at.place) as trash:
        for place, folder in ((at.place, root), (trash, root / TRASH)):
            for name in [one.name for one in folder.glob("ws-*")]:
                _sign(at, folder_below(place, name), name.partition(".")[0])


def _sign(at: Grounds, folder: int, name: str) -> None:
    def read(file: str, flags: int) -> int:
        return os.open(file, flags, dir_fd=folder)

    try:
        with suppress(FileNotFoundError), open(MARKER, opener=read) as file:
            write_note(folder, name, at, Marker.model_validate_json(file.read()).note.deployment)
    finally:
        os.close(folder)


def in_child(work: Callable[[], object]) -> int:
    """Do it in a process of its own; what it ends with."""
    return ended(child(work))


def child(work: Callable[[], object]) -> int:
    """Begin it in a process of its own; its id."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent is told, whatever it is
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """What this child ends with."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
