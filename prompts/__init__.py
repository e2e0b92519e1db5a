"""Prompts are Markdown files with front matter; this is how to load one, and how to fill it in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from yaml.scanner import ScannerError

from orchestrate.errors import PromptInvalid

FOLDER = Path(__file__).parent
_FRONT = re.compile(r"---\n(?P<front>.*?\n)---\n(?P<text>.*)", re.DOTALL)
_SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[a-z][a-z0-9_]*)|(?P<stray>))")


class Tier(StrEnum):
    """How strong a model a prompt needs."""

    FAST = "fast"
    STANDARD = "standard"
    DEEP = "deep"


class Prompt(BaseModel):
    """One prompt file: who speaks, what must be filled in, and the name of the answer's type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = Field(min_length=1)
    tier: Tier
    inputs: tuple[str, ...]
    output: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    unfilled: dict[str, str] = {}  # input → what stands for it where whoever asks brings the facts along
    text: str


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Every prompt, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.md")))


def load(name: str, folder: Path = FOLDER) -> Prompt:
    """The prompt called `name`. Raises PromptInvalid with the file and the line at fault."""
    raw = _read(name, folder)
    found = _FRONT.fullmatch(raw)
    if found is None:
        raise PromptInvalid(f"{name}.md", 1, "does not begin with front matter between two lines of ---")
    front = _front(name, found["front"])
    try:
        prompt = Prompt.model_validate({**front, "text": found["text"].strip()})
    except ValidationError as invalid:
        problem = invalid.errors()[0]
        key = str(problem["loc"][0]) if problem["loc"] else ""
        raise PromptInvalid(f"{name}.md", _line(raw, key), f"{key}: {problem['msg']}") from invalid
    _check_name(prompt, name, raw)
    _check_places(prompt, raw, found.start("text"))
    return prompt


def render(name: str, folder: Path = FOLDER, /, **values: str) -> str:
    """The prompt with every `$input` filled in. A missing or surplus value raises PromptInvalid."""
    prompt = load(name, folder)
    wrong = set(values) ^ set(prompt.inputs)
    if wrong:
        missing, surplus = sorted(set(prompt.inputs) - set(values)), sorted(set(values) - set(prompt.inputs))
        raise PromptInvalid(f"{name}.md", 1, f"missing values: {missing}, surplus values: {surplus}")
    return _filled(prompt.text, values)


def outlined(name: str, folder: Path = FOLDER) -> str:
    """The prompt with «name» in the place of each input: the part that is the same for every question."""
    prompt = load(name, folder)
    return _filled(prompt.text, {one: f"«{one}»" for one in prompt.inputs})


def handbook() -> str:
    """What every role has read."""
    return shared("handbook")


def shared(name: str) -> str:
    """What more than one role is told."""
    return (FOLDER / "shared" / f"{name}.md").read_text(encoding="utf-8").strip()


@cache
def tool_words() -> Mapping[str, str]:
    """What each tool to look with is for, by its name."""
    found = _SECTION.findall(shared("tools"))
    return {name: " ".join(words.split()) for name, words in found}


def unfilled(name: str, folder: Path = FOLDER) -> str:
    """The prompt for somebody who brings the facts along. Raises PromptInvalid when it does not say how."""
    prompt = load(name, folder)
    if prompt.inputs and not prompt.unfilled:
        raise PromptInvalid(f"{name}.md", 1, "does not say what stands for an input that nobody fills in")
    return _filled(prompt.text, prompt.unfilled)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place["name"]] if place["name"] else "$", text)


def sha(name: str, folder: Path = FOLDER) -> str:
    """SHA-256 of the file's text, in hex: which words were said."""
    return hashlib.sha256(_read(name, folder).encode()).hexdigest()


def problems(folder: Path = FOLDER) -> tuple[PromptInvalid, ...]:
    """The first thing wrong with each prompt that cannot be used."""
    found: list[PromptInvalid] = []
    for name in names(folder):
        try:
            load(name, folder)
        except PromptInvalid as problem:
            found.append(problem)
    return tuple(found)


def _read(name: str, folder: Path) -> str:
    try:
        return (folder / f"{name}.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise PromptInvalid(f"{name}.md", 1, f"cannot be read: {unreadable}") from unreadable


def _front(name: str, text: str) -> dict[Hashable, object]:
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as broken:
        begins = broken.context_mark if isinstance(broken, ScannerError) else None  # an open quote, say
        mark = begins or broken.problem_mark
        raise PromptInvalid(
            f"{name}.md", mark.line + 2 if mark else 1, f"no YAML: {broken.problem}"
        ) from broken
    except yaml.YAMLError as broken:
        raise PromptInvalid(f"{name}.md", 1, f"no YAML: {' '.join(str(broken).split())}") from broken
    if not isinstance(loaded, dict):
        raise PromptInvalid(f"{name}.md", 2, "the front matter is no mapping")
    return loaded  # pyright: ignore[reportUnknownVariableType] - validated by the caller


def _check_name(prompt: Prompt, name: str, raw: str) -> None:
    if prompt.name != name:
        raise PromptInvalid(
            f"{name}.md", _line(raw, "name"), f"name is {prompt.name!r}, the file's is {name!r}"
        )


def _check_places(prompt: Prompt, raw: str, start: int) -> None:
    """Whether the text, from index `start`, uses exactly the inputs, and `unfilled` speaks of all or none."""
    places = list(_PLACE.finditer(raw, start))
    for place in places:
        at = raw.count("\n", 0, place.start()) + 1
        if place["stray"] is not None:
            raise PromptInvalid(f"{prompt.name}.md", at, "a $ that is no input is written $$")
        if place["name"] and place["name"] not in prompt.inputs:
            raise PromptInvalid(f"{prompt.name}.md", at, f"${place['name']} is none of the inputs")
    unused = sorted(set(prompt.inputs) - {place["name"] for place in places})
    if unused:
        raise PromptInvalid(f"{prompt.name}.md", _line(raw, "inputs"), f"the text does not use {unused}")
    if prompt.unfilled and set(prompt.unfilled) != set(prompt.inputs):
        raise PromptInvalid(f"{prompt.name}.md", _line(raw, "unfilled"), "names other keys than the inputs")


def _line(raw: str, key: str) -> int:
    front = raw[: raw.index("\n---\n")].splitlines()
    return next((number for number, line in enumerate(front, 1) if line.startswith(f"{key}:")), 1)
