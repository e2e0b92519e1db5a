"""A workspace of Beads with the real `bd`, and our tracker on it, with people who write there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrate.errors import NotFound, UnknownComment, UnknownTask
from orchestrate.models.task import Comment, Label, Queue, Task
from tests.servers.bd import found
from tools.commands import CLEAN
from tools.systems.beads import BeadsTracker
from tools.systems.beads_answers import Saying
from tools.systems.beads_issues import read
from tools.systems.beads_program import Beads
from tools.tasks import BOT

STATUSES = (
    "Ready to Deploy", "Deploying", "Deployed", "Blocked", "On hold", "Failed", "Open", "Done", "To test",
    "Draft", "Closed",
)  # fmt: skip
_KEPT = TemporaryDirectory(prefix="beads-")


def environment() -> dict[str, str]:
    """What `bd` is given: a home of its own."""
    home = Path(_KEPT.name) / "home"
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "DO_NOT_TRACK": "1"}


def program() -> str:
    """Where `bd` is; asked for only where it is there."""
    path = found()
    assert path is not None
    return str(path)


@cache
def _template() -> Path:
    folder = Path(_KEPT.name) / "template"
    folder.mkdir()
    words = ["init", "--prefix=t", "--quiet", "--skip-hooks", "--skip-agents", "--non-interactive"]
    env = {**CLEAN, **environment()}
    for argv in (["git", "init", "-q"], [program(), *words]):
        subprocess.run(argv, cwd=folder, env=env, check=True, capture_output=True, timeout=120)
    return folder


class PeopledBeads(BeadsTracker):
    """What the contract needs beside the port: people who write with `bd` themselves."""

    async def say(self, task: str, author: str, text: str) -> Comment:
        words = ("comments", "add", task, f"--author={author}", "--file=/dev/stdin")
        try:
            (said,) = await self.beads.ask(Saying, *words, about=task, stdin=text)
        except NotFound:
            raise UnknownTask(task) from None
        return Comment(id=said.id, task=task, author=author, text=said.text, at=said.at, proven=False)

    async def edit(self, comment: str, text: str) -> Comment:
        raise UnknownComment(comment)

    async def label(self, task: str, label: Label) -> None:
        await self.task(task)
        await self.beads.do("update", task, f"--add-label={label.name}", about=task)

    async def tasks(self, *, only_open: bool = True) -> tuple[Task, ...]:
        listed = await self._listed("--all", about="all")
        found = [read(one, self._vocabulary) for one in listed]
        return tuple(
            one for one in sorted(found, key=lambda one: one.created_at) if not (only_open and one.is_closed)
        )


def tracker(folder: Path, *, bot: str = BOT, queues: Mapping[Queue, str] | None = None) -> PeopledBeads:
    """Our tracker on a new workspace, which looks whenever it is asked."""
    shutil.copytree(_template(), folder, symlinks=True)
    return PeopledBeads(
        beads=Beads(folder, bot, program(), environment()),
        statuses=STATUSES,
        bot=bot,
        queues=queues or {},
        look_seconds=0.0,
    )
