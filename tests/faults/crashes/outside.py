"""An outside that survives the processes that use it: twins in files, which record what is done to them."""

from __future__ import annotations

import inspect
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel

from orchestrate.models.change import MergeOrder, Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Move, words
from orchestrate.models.task import NewTask
from tests.stories.twins import Outside, targets
from tools.migrations import Target

T = TypeVar("T")
Wrote = Callable[[str], None]

RECORD = Path("done")
"""What was done to the outside, a line each; only ever appended to."""

FIXED = {"_clock", "_rules", "at", "slow", "before_merge", "before_preview"}
"""What a twin is made with, and never changes."""

READS = frozenset(
    {
        *("ready", "task", "find", "comments", "dependents", "spoken", "tasks"),
        *("change", "methods", "preview", "merged", "conflict", "resolved"),
        *("version", "files", "checkout", "contains", "log"),
        *("running", "artifact", "resources", "tail", "public", "applied", "verify", "value"),
    }
)
"""What only looks. Whatever else is asked of a twin changes the world, also what is added tomorrow."""

PEOPLE = frozenset({"say", "edit", "label", "write", "open"})
"""What people do, and not we."""

SHORT = 60  # characters; longer texts tell of times and numbers


class Kept:
    """A twin that processes use one after another: every change is in its file before it is answered."""

    def __init__(self, name: str, twin: object, wrote: Wrote, *, keeps_itself: bool) -> None:
        self._name, self._twin, self._wrote = name, twin, wrote
        self._file = None if keeps_itself else Path(f"{name}.twin")

    def __getattr__(self, name: str) -> object:
        found = getattr(self._twin, name)
        return (
            self._writing(name, found) if inspect.iscoroutinefunction(found) and name not in READS else found
        )

    def _writing(self, name: str, found: Callable[..., object]) -> object:
        async def done(*args: object, **named: object) -> object:
            before = self._memory()
            answer = found(*args, **named)
            given = await answer if inspect.isawaitable(answer) else answer
            is_new = self._file is None or before != self._memory()
            if is_new:
                self.keep()
            if is_new and name not in PEOPLE:
                said = f"{self._name}.{name} {' '.join(_told((*args, *named.values())))}"
                with RECORD.open("a") as record:
                    record.write(f"{said}\n")
                self._wrote(said)
            return given

        return done

    def keep(self) -> None:
        """Keep what it knows in the working folder."""
        if self._file is not None:
            self._file.write_bytes(self._memory())

    def know(self) -> None:
        """Know what is kept in the working folder."""
        if self._file is not None:
            vars(self._twin).update(pickle.loads(self._file.read_bytes()))

    def _memory(self) -> bytes:
        return pickle.dumps({name: value for name, value in vars(self._twin).items() if name not in FIXED})


def lasting(memory: Outside, wrote: Wrote) -> Outside:
    """The same outside, kept in the working folder."""

    def kept(name: str, twin: T, *, keeps_itself: bool = False) -> T:
        return cast(T, Kept(name, twin, wrote, keeps_itself=keeps_itself))

    def databases(environment: Environment) -> dict[str, Target]:
        found = targets(environment).items()
        return {name: kept(f"{name} database", one, keeps_itself=True) for name, one in found}

    return Outside(
        clock=memory.clock,
        tracker=kept("tracker", memory.tracker),
        forge=kept("forge", memory.forge),
        records=memory.records,
        providers={name: kept(name, one) for name, one in memory.providers.items()},
        metrics=memory.metrics,
        series=memory.series,
        targets=databases,
    )


def twins(around: Outside) -> list[Kept]:
    """All that are kept in files."""
    return [cast(Kept, one) for one in (around.tracker, around.forge, *around.providers.values())]


def done() -> Counter[str]:
    """How often each thing was done in the working folder. Waiting for requests to end changes nothing."""
    lines = RECORD.read_text().splitlines()
    return Counter(line for line in lines if "finish its requests" not in line)


def _told(args: Iterable[object]) -> list[str]:
    return [one for arg in args if (one := _word(arg))]


def _word(arg: object) -> str:
    match arg:
        case NewTask():
            return plain(arg.marker or arg.title)
        case MergeOrder():
            return arg.change
        case Component() | Version():
            return arg.name
        case BaseModel():
            return words(cast(Move, arg))
        case str():
            found = re.findall(r"<!-- orchestrate:(.*?) -->", arg)
            return plain(found[0]) if found else plain(arg) if len(arg) <= SHORT else ""
        case _:
            return ""


@lru_cache(maxsize=10_000)
def plain(text: str) -> str:
    """The text without ids, hashes, times, durations and counts, which differ from run to run."""
    text = re.sub(r"01[0-9A-HJKMNP-TV-Z]{24}", "DEPLOYMENT", text)
    text = re.sub(r"\bQ[0-9A-Z]{5}\b", "QUESTION", text)
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "HASH", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-][\d:]+)?", "TIME", text)
    text = re.sub(r"\b\d+(\.\d+)? (s|seconds?|min|minutes?)\b( \d+ s)?", "WHILE", text)
    return re.sub(r"[\d,]+(?= requests| to (blue|green)| times)", "MANY", text)
