"""A spy at the ports: what comes in is rewritten by others, and which of it came in is remembered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import BaseModel

from tests.faults.hostile.entrances import REWRITTEN

Words = Callable[[str], str]
OF_METHODS = {
    "tail": "Logs.tail",
    "told": "SeriesSource.told",
    "diff": "Diffs.diff",
    "failed_logs": "Workflows.failed_logs",
}


@dataclass
class Spy:
    """Writes its words into every text of REWRITTEN that a twin gives, and notes where they were read."""

    words: Words
    rewritten: frozenset[str] = REWRITTEN
    seen: set[str] = field(default_factory=set[str])

    def at(self, twin: object) -> object:
        """The twin, with this spy before it."""
        return Spied(twin, self)

    def told(self, method: str, value: object) -> object:
        """What the method gave, as others would have it."""
        made = self._made(value, OF_METHODS.get(method, ""))
        self._look(made, OF_METHODS.get(method, method))
        return made

    def _made(self, value: object, where: str) -> object:
        match value:
            case str() if where in self.rewritten:
                return f"{value}\n{self.words(where)}"
            case BaseModel():
                return value.model_copy(update=self._changed(value))
            case dict():
                return self._mapping(cast("Mapping[str, object]", value), where)
            case tuple():
                items = cast("tuple[object, ...]", value)
                return self._lines(items, where) if where == "Logs.tail" else self._all(items, where)
            case _:
                return value

    def _all(self, items: tuple[object, ...], where: str) -> object:
        return tuple(self._made(one, where) for one in items)

    def _lines(self, items: tuple[object, ...], where: str) -> object:
        return (*items, *(self.words(where).splitlines() if where in self.rewritten else ()))

    def _mapping(self, value: Mapping[str, object], where: str) -> object:
        """A label is a name with words behind it; slots and alerts keep theirs."""
        if where == "SeriesSource.told":
            return {name: self._made(inner, "SeriesSource.told/labels") for name, inner in value.items()}
        label = where.removesuffix("/labels")
        tail = f" {self.words(label)}" if label in self.rewritten else ""
        return {f"{name}{tail}": self._made(inner, "") for name, inner in value.items()}

    def _changed(self, value: BaseModel) -> dict[str, object]:
        kind, found = type(value).__name__, dict[str, object]()
        for name, inner in value:
            where = f"{kind}.{name}"
            made = self._filled(inner, where) if inner in (None, ()) else self._made(inner, where)
            if made != inner:
                found[name] = made
        return found

    def _filled(self, nothing: object, where: str) -> object:
        """What is often not there, and is there here."""
        if where not in ALWAYS & self.rewritten:
            return nothing
        return self.words(where) if nothing is None else (self.words(where),)

    def _look(self, value: object, where: str) -> None:
        match value:
            case str() if MARKED in value:
                self.seen.add(where)
            case BaseModel():
                for name, inner in value:
                    self._look(inner, f"{type(value).__name__}.{name}")
            case dict():
                for name, inner in cast("Mapping[str, object]", value).items():
                    self._look(name, where)
                    self._look(inner, where)
            case tuple():
                for one in cast("tuple[object, ...]", value):
                    self._look(one, where)
            case _:
                pass


MARKED = "HX "
ALWAYS = frozenset(
    {
        "Change.pushed_by", "Change.wants", "Commit.co_authors", "FileChange.was", "Task.workspace",
        "TaskMetadata.deployment_target", "TaskMetadata.stage", "TaskMetadata.strategy",
        "TaskMetadata.version",
    }
)  # fmt: skip


class Spied:
    """Whatever is asked of the twin goes by the spy."""

    def __init__(self, twin: object, spy: Spy) -> None:
        self.__dict__.update(_twin=twin, _spy=spy)

    def __getattr__(self, name: str) -> object:
        found = getattr(self.__dict__["_twin"], name)
        if not inspect.iscoroutinefunction(found):
            return found
        spy = cast("Spy", self.__dict__["_spy"])

        async def asked(*args: object, **named: object) -> object:
            return spy.told(name, await found(*args, **named))

        return asked

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__dict__["_twin"], name, value)
