"""Somebody who pushes all the time: the remote's own transactions, as fast as they come."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import IO

from tests.faults.racing import meet
from tests.servers.git_remote import QUIET


class Refs:
    """One git that moves the remote's branches, transaction after transaction."""

    def __init__(self, say: IO[str], hear: IO[str]) -> None:
        self._say, self._hear = say, hear

    def move(self, branch: str, commit: str, since: str = "") -> None:
        """Move a branch. Raises BranchMoved when it is not at `since`, if that is given: then git ended."""
        update = f"update refs/heads/{branch} {commit} {since}".rstrip()
        for words, answer in (("start", "start"), (f"{update}\nprepare", "prepare"), ("commit", "commit")):
            self._say.write(f"{words}\n")
            self._say.flush()
            if self._hear.readline() != f"{answer}: ok\n":
                raise BranchMoved


class BranchMoved(Exception):
    """The branch was not where it was looked for."""


@contextmanager
def refs(remote: Path) -> Generator[Refs]:
    """A git for transactions on this remote."""
    git = subprocess.Popen(
        ["git", "update-ref", "--stdin"],
        cwd=remote,
        env=QUIET,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert git.stdin is not None and git.stdout is not None
    with git:
        try:
            yield Refs(git.stdin, git.stdout)
        finally:
            git.kill()


@dataclass(frozen=True)
class Pushes:
    """What is pushed: other heads for the change, between which it is the approved one; and other bases."""

    remote: Path
    approved: str
    heads: Sequence[str]
    base: str
    bases: Sequence[str]
    longest: float  # seconds into a round at which the base is pushed to, at most: those that a merge takes

    def push_heads(self, is_over: Event) -> None:
        """Push to the change's branch without end: unapproved, approved, unapproved."""
        chance = random.Random(1)
        with refs(self.remote) as git:
            while not is_over.is_set():
                for head in (chance.choice(self.heads), self.approved):
                    git.move("feature", head)
                    time.sleep(chance.uniform(0, 0.004))

    def push_bases(self, rounds: int, others: Barrier) -> None:
        """Push to the base once in every other round, at any moment of it; a merge may have been quicker."""
        chance = random.Random(2)
        for number in range(rounds):
            with refs(self.remote) as git:
                meet(others)
                if number % 2:
                    time.sleep(chance.uniform(0, self.longest))
                    self._push_base(git, chance.choice(self.bases))
            meet(others)

    def _push_base(self, git: Refs, commit: str) -> None:
        try:
            git.move("main", commit, since=self.base)
        except BranchMoved:
            return
