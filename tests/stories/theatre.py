"""A theatre: the demo in a process of its own, and everything that it leaves in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from orchestrate.app import open_store
from orchestrate.demo.chapters import CHAPTERS
from orchestrate.models.deployment import Deployment, Event
from orchestrate.models.move import SetTraffic
from orchestrate.models.plan import Plan
from orchestrate.models.task import Task
from orchestrate.settings import Settings, load
from orchestrate.store import Store

LONGEST = 280.0  # seconds of one run; a hundred are usual
LOOK = 0.1

STEPS = {
    "install": [("staging", "deployed"), ("production", "deployed")],
    "ratings": [("staging", "deployed"), ("production", "deployed")],
    "currency": [("staging", "deployed"), ("production", "rolled_back")],
    "rename-title": [("staging", "conflict")],
    "drop-legacy-column": [("staging", "blocked")],
}
"""Every deployment of each errand, the first one first."""

ENDS = {
    "install": ("deploy", "Deployed", None),
    "ratings": ("deploy", "Deployed", False),
    "currency": ("deploy", "Failed", True),
    "rename-title": ("conflict-resolution", "Open", True),
    "drop-legacy-column": ("deploy", "Blocked", True),
}
"""Where each task is in the end: queue, status, and whether its workspace is still there."""


@dataclass(frozen=True)
class Theatre:
    """One folder in which a demo is run."""

    folder: Path

    def run(self, *words: str, seconds: float = LONGEST) -> subprocess.CompletedProcess[str]:
        """A command of ours, to its end."""
        return subprocess.run(self._argv(words), capture_output=True, text=True, timeout=seconds, check=False)

    def demo(self, *words: str, seconds: float = LONGEST) -> subprocess.CompletedProcess[str]:
        """The demo in this folder."""
        return self.run("demo", "--folder", str(self.folder), *words, seconds=seconds)

    @contextmanager
    def running(self, *words: str, log: Path) -> Generator[subprocess.Popen[bytes]]:
        """A command of ours that goes on meanwhile, and is ended."""
        with log.open("wb") as output:
            child = subprocess.Popen(
                self._argv(words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.terminate()
            child.wait(20)

    @property
    def config(self) -> tuple[str, str]:
        """What makes every other command speak of this demo."""
        return "--config", str(self.folder / "orchestrate.yaml")

    @cached_property
    def settings(self) -> Settings:
        return load(self.folder / "orchestrate.yaml")

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings)

    def task(self, name: str) -> Task:
        found = self.store.tasks.find(f"demo/{name}")
        assert found is not None, name
        return found

    def deployments(self, name: str) -> list[Deployment]:
        """All of an errand, the first one first."""
        return list(reversed(self.store.deployments.latest(task=self.task(name).id, limit=20)))

    def last(self, name: str) -> Deployment:
        return self.deployments(name)[-1]

    def plan(self, row: Deployment) -> Plan:
        assert row.plan_hash is not None
        return self.store.plans.plan(row.plan_hash)

    def events(self, row: Deployment, kind: str) -> list[Event]:
        return [one for one in self.store.events.of(row.id) if one.kind == kind]

    def shares(self, row: Deployment) -> list[int]:
        """What the new version got of the traffic, as moves that were made say."""
        plan = self.plan(row)
        slot = self.store.watches.of(row.id)[0].slot
        moves = [plan.moves[int(one.data["index"])].move for one in self.events(row, "moved_on")]
        return [move.weights.get(slot, 0) for move in moves if isinstance(move, SetTraffic)]

    def fixes(self) -> list[Task]:
        """The fix tasks of the bad change."""
        bad = self.task("currency").id
        return [one for one in self.store.tasks.all(only_open=False) if one.discovered_from == bad]

    def git(self, *words: str) -> str:
        argv = ["git", "-C", str(self.folder / "shop.git"), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout.strip()

    def leftovers(self) -> list[str]:
        """The command lines of processes that belong to this folder."""
        found: list[str] = []
        for process in psutil.process_iter():
            try:
                words = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if str(self.folder) in words and process.pid != os.getpid():
                found.append(words)
        return found

    def close(self) -> None:
        """Leave nothing running, however the test went."""
        if (self.folder / "orchestrate.yaml").exists():
            self.demo("--stop", seconds=60)

    @staticmethod
    def _argv(words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "orchestrate", *words]


def steps(theatre: Theatre) -> dict[str, list[tuple[str, str]]]:
    """Every deployment of each errand, as `STEPS` has them."""
    return {
        one.name: [(row.environment, str(row.outcome)) for row in theatre.deployments(one.name)]
        for one in CHAPTERS
    }


def ends(theatre: Theatre) -> dict[str, tuple[str, str, bool | None]]:
    """Where each task is, as `ENDS` has it."""
    found: dict[str, tuple[str, str, bool | None]] = {}
    for one in CHAPTERS:
        task = theatre.task(one.name)
        is_there = Path(task.workspace).exists() if task.workspace else None
        found[one.name] = (task.queue.value, task.status, is_there)
    return found


def repeated(theatre: Theatre) -> list[str]:
    """What was said more than once on one thread."""
    twice: list[str] = []
    for task in theatre.store.tasks.all(only_open=False):
        texts = [comment.text for comment in theatre.store.tasks.comments.of(task.id)]
        twice += [f"{task.id}: {text}" for text in {*texts} if texts.count(text) > 1]
    return twice


def until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(LOOK)
