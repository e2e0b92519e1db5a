"""GraphQL, as far as a client of ours speaks it: is a question as the schema says, and its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

Json = dict[str, object]
_TOKEN = re.compile(r'[\s,]*(\.\.\.|"(?:[^"\\]|\\.)*"|\$?\w+|[{}()\[\]:!=])')
_DECLARED = re.compile(r"\$(\w+): *([\w\[\]!]+)")
_FIELD = re.compile(r"^  (\w+)(?:\(((?:.|\n)*?)\))?: (\S+)$", re.MULTILINE)
_ARGUMENT = re.compile(r"(\w+): (\S+)( = \S+)?")
_TYPE = re.compile(r"^(type|input|enum|interface) (\w+)[^{]*\{\n((?:.*\n)*?)\}", re.MULTILINE)
_SCALARS = {"Int": int, "String": str, "Boolean": bool, "ID": str, "GitObjectID": str}


@dataclass(frozen=True)
class Asked:
    """One field that is asked for, with its arguments, and what is asked of it."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    fields: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Variable:
    """A place in a question that its variables fill."""

    name: str


@dataclass(frozen=True)
class Field:
    """What the schema says of one field: its type, and the types of its arguments."""

    type: str
    arguments: Mapping[str, str]


class Schema:
    """The types of a server."""

    def __init__(self, file: Path) -> None:
        found = _TYPE.findall(file.read_text())
        self.kinds = {name: kind for kind, name, _ in found}
        self.fields = {name: _fields(body) for kind, name, body in found if kind != "enum"}
        self.values = {name: body.split() for kind, name, body in found if kind == "enum"}

    def answer(self, text: str, variables: Json, root: Mapping[str, Json]) -> Json:
        """What `root` (by query and mutation) says to a question; a wrong question is an AssertionError."""
        kind, declared, asked = _parsed(text)
        for name, value in variables.items():
            assert name in declared, f"${name} is not declared"
            self._fits(declared[name], value)
        at = {"query": "Query", "mutation": "Mutation"}[kind]
        return self._picked(at, asked, root[kind], variables)

    def _picked(self, type: str, asked: tuple[Asked, ...], value: Json, variables: Json) -> Json:
        picked: Json = {}
        for one in asked:
            if one.name == "...":
                is_one = value.get("__typename") == one.arguments["on"]
                picked |= (
                    self._picked(str(one.arguments["on"]), one.fields, value, variables) if is_one else {}
                )
                continue
            if one.name == "__typename":
                picked[one.name] = value.get("__typename", type)
                continue
            known = self.fields[type].get(one.name)
            assert known is not None, f"{type} has no field {one.name}"
            given = {key: _filled(argument, variables) for key, argument in one.arguments.items()}
            self._checked(known, given)
            found = value[one.name]
            found = found(**given) if callable(found) else found
            picked[one.name] = self._each(_plain(known.type), one, found, variables)
        return picked

    def _each(self, type: str, asked: Asked, value: object, variables: Json) -> object:
        if isinstance(value, list):
            return [self._each(type, asked, one, variables) for one in cast(list[object], value)]
        if value is None or not asked.fields:
            assert self.kinds.get(type) in (None, "enum") or value is None, f"{asked.name}: name its fields"
            assert type not in self.values or value is None or value in self.values[type], value
            return value
        return self._picked(type, asked.fields, cast(Json, value), variables)

    def _checked(self, known: Field, given: Json) -> None:
        for name, type in known.arguments.items():
            assert not type.endswith("!") or name in given, f"argument {name} is missing"
        for name, value in given.items():
            assert name in known.arguments, f"argument {name} is not known"
            self._fits(known.arguments[name], value)

    def _fits(self, type: str, value: object) -> None:
        if value is None:
            assert not type.endswith("!"), f"{type} is null"
        elif isinstance(value, list):
            assert type.startswith("["), f"{value!r} is no {type}"
            for one in cast(list[object], value):
                self._fits(_plain(type), one)
        elif self.kinds.get(_plain(type)) == "enum":
            assert value in self.values[_plain(type)], f"{value!r} is no {type}"
        elif self.kinds.get(_plain(type)) == "input":
            self._checked(
                Field(type, {key: one.type for key, one in self.fields[_plain(type)].items()}),
                cast(Json, value),
            )
        else:
            assert isinstance(value, _SCALARS[_plain(type)]), f"{value!r} is no {type}"


def _fields(body: str) -> dict[str, Field]:
    return {
        name: Field(type, {one: kind for one, kind, _ in _ARGUMENT.findall(arguments)})
        for name, arguments, type in _FIELD.findall(body)
    }


def _plain(type: str) -> str:
    return type.strip("[]!")


def _filled(argument: object, variables: Json) -> object:
    if isinstance(argument, Variable):
        return variables.get(argument.name)
    if isinstance(argument, dict):
        return {key: _filled(one, variables) for key, one in cast(Json, argument).items()}
    return argument


def _parsed(text: str) -> tuple[str, Mapping[str, str], tuple[Asked, ...]]:
    head, _, rest = text.partition("{")
    kind = head.split("(")[0].split()[0]
    return kind, dict(_DECLARED.findall(head)), _selection(iter(_TOKEN.findall(rest)))


def _selection(words: Iterator[str]) -> tuple[Asked, ...]:
    """The fields up to the closing brace."""
    found: list[Asked] = []
    while (word := next(words)) != "}":
        if word == "{":
            found[-1] = Asked(found[-1].name, found[-1].arguments, _selection(words))
        elif word == "(":
            found[-1] = Asked(found[-1].name, _arguments(words, ")"))
        elif word == "...":
            assert next(words) == "on"
            found.append(Asked(word, {"on": next(words)}))
        else:
            assert word.isidentifier(), word
            found.append(Asked(word))
    return tuple(found)


def _arguments(words: Iterator[str], end: str) -> dict[str, object]:
    found: dict[str, object] = {}
    while (name := next(words)) != end:
        assert next(words) == ":", name
        found[name] = _value(words)
    return found


def _value(words: Iterator[str]) -> object:
    word = next(words)
    if word == "{":
        return _arguments(words, "}")
    if word == "[":
        return [*iter(lambda: _value(words), "]")]
    if word.startswith("$"):
        return Variable(word[1:])
    if word.startswith('"'):
        return word[1:-1]
    return int(word) if word.isdecimal() else {"true": True, "false": False}.get(word, word)
