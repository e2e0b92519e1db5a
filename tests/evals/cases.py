"""Cases: what a role is asked, and the properties that a good answer has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel

from agents.announcer import misfit
from agents.answers import Draft, Resolution
from agents.looks import ReadTool
from agents.model import Brief, Quoted
from agents.role import Role
from orchestrate.models.conflict import Conflict, ConflictingFile, ResolvedFile
from orchestrate.models.fact import Fact
from orchestrate.resolving import aligned, objection

FOLDER = Path(__file__).parent / "cases"


class Expected(Fact):
    """Properties, all of which hold for a good answer; keys are fields of the answer's type."""

    one_of: dict[str, tuple[str, ...]] = {}
    at_least: dict[str, int] = {}
    empty: tuple[str, ...] = ()
    any_of_list: dict[str, tuple[str, ...]] = {}  # at least one of them is in the list
    mentions: tuple[str, ...] = ()  # anywhere in the answer, whatever the case
    absent: tuple[str, ...] = ()  # nowhere in the answer
    taken: bool = False  # the product takes it: what it would drop is no good answer


class Case(Fact):
    """One question, what is expected, and an answer of either kind to try the expectations on."""

    name: str
    facts: dict[str, str]
    outside: tuple[str, ...] = ()  # facts that others wrote
    looks: dict[ReadTool, str] = {}  # what each tool shows; without any, nothing may be looked at
    expect: Expected
    good: dict[str, object]
    bad: dict[str, object]

    def brief(self, payer: str) -> Brief:
        """The facts as the product would tell them."""
        told = {name: Quoted(text) if name in self.outside else text for name, text in self.facts.items()}
        return Brief(payer, told, Shelf(self.looks) if self.looks else None)

    def wrong(self, answer: BaseModel) -> tuple[str, ...]:
        """What is not as expected; () for a good answer."""
        found = tuple(_wrong(self.expect, answer))
        dropped = _dropped(self.facts, answer) if self.expect.taken else ""
        return (*found, f"it would not be taken: {dropped}") if dropped else found


@dataclass(frozen=True)
class Shelf:
    """What may be looked at in a case."""

    texts: Mapping[ReadTool, str]

    async def look(self, tool: ReadTool, only: str = "") -> str:
        """What the case says; lines that hold `only`."""
        return "\n".join(line for line in self.texts.get(tool, "").splitlines() if only in line)


@cache
def cases(role: Role) -> tuple[Case, ...]:
    """The evaluation set of a role."""
    loaded = cast(list[object], yaml.safe_load((FOLDER / f"{role}.yaml").read_text()))
    return tuple(Case.model_validate(one) for one in loaded)


def _dropped(facts: Mapping[str, str], answer: BaseModel) -> str:
    """Why the product would not take this answer, or ''."""
    match answer:
        case Resolution(texts=texts):
            files = [ResolvedFile(path=one.path, text=one.text) for one in texts]
            conflict = conflict_in(facts["conflicts"])
            return objection(conflict, aligned(conflict, files))
        case Draft(text=text):
            return misfit(" ".join(text.split()), facts["facts"])
        case _:
            raise TypeError(f"nothing is known of taking a {type(answer).__name__}")


def conflict_in(page: str) -> Conflict:
    """The conflict that the product shows as this page."""
    _, *found = re.split(r"^--- (\S+)\n", page, flags=re.MULTILINE)
    *others, last = found[1::2]
    texts = [*(text.removesuffix("\n") for text in others), last]
    files = (ConflictingFile(path=path, text=text) for path, text in zip(found[::2], texts, strict=True))
    return Conflict(head="h", base="b", files=tuple(files))


def _wrong(expected: Expected, answer: BaseModel) -> Iterator[str]:
    fields = cast(Mapping[str, object], answer.model_dump(mode="json"))
    text = _texts(fields).lower()
    for name, allowed in expected.one_of.items():
        if fields[name] not in allowed:
            yield f"{name} is {fields[name]}, not {' or '.join(allowed)}"
    for name, least in expected.at_least.items():
        if int(str(fields[name])) < least:
            yield f"{name} is {fields[name]}, less than {least}"
    yield from (f"{name} is not empty" for name in expected.empty if fields[name])
    for name, some in expected.any_of_list.items():
        if not {*some} & {*cast(list[str], fields[name])}:
            yield f"{name} has none of {', '.join(some)}"
    yield from (f"{word!r} is not mentioned" for word in expected.mentions if word.lower() not in text)
    yield from (f"{word!r} is mentioned" for word in expected.absent if word.lower() in text)


def _texts(value: object) -> str:
    """Every text inside `value`, a line each."""
    match value:
        case str():
            return value
        case dict():
            return "\n".join(_texts(one) for one in cast(Mapping[str, object], value).values())
        case list():
            return "\n".join(_texts(one) for one in cast(list[object], value))
        case _:
            return str(value)
