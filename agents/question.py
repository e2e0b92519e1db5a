"""Questions: all that is sent to a model, the longest-lived part first, and the answer's type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Generic, TypeVar, cast

from pydantic import BaseModel

from agents.answers import Advised
from agents.heard import Part
from agents.looking import Shown
from agents.looks import FORMS, ReadTool
from agents.model import Facts, parsed
from agents.role import Role
from agents.roles import ADVISERS, ROLES, Budget
from orchestrate.errors import PromptInvalid
from orchestrate.models.model_call import Tokens
from orchestrate.redaction import without_secrets
from prompts import Tier, handbook, load, outlined, sha, shared, tool_words

T = TypeVar("T", bound=BaseModel)

BYTES_PER_TOKEN = 2.5
"""Fewer than any text that we send has, so that a purse is asked for too much and never for too little."""

CHANGE = "diff"
"""The fact that is told first, and apart: more than one adviser reads it, and it is the longest."""

OVERHEAD = 500
"""Tokens that the API adds for the form of the answer, and as many again for the use of tools."""


@dataclass(frozen=True)
class Turn:
    """What a model said when it wanted to see something, and what it was shown."""

    said: tuple[Part, ...]
    shown: tuple[Shown, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return len("".join([*(f"{one.text}{one.seal}" for one in self.said), *self.texts]).encode())

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(one.text for one in self.shown)


@dataclass(frozen=True)
class Question(Generic[T]):
    """What one role is asked, and what it was shown since."""

    role: Role
    model: str
    prompt: str  # SHA-256 of the role's file, in hex
    stable: tuple[str, ...]  # the handbook, then the role's words, or those of all advisers
    facts: str
    answer: type[T]
    change: str = ""  # what the change does, which stands before the facts, the same for all who read it
    tools: tuple[ReadTool, ...] = ()  # the role's; advisers are told of theirs even where nothing is shown
    may_look: bool = False
    turns: tuple[Turn, ...] = ()

    @property
    def budget(self) -> Budget:
        return ROLES[self.role].budget

    @property
    def form(self) -> type[BaseModel]:
        """The form that is sent: advisers have one in common."""
        return Advised if self.role in ADVISERS else self.answer

    @property
    def sha(self) -> str:
        """SHA-256 in hex of everything that decides about the answer; what was looked at since does not."""
        parts = [self.model, *self.stable, self.change, self.facts, self.answer.__name__]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def most(self) -> Tokens:
        """The most that asking once can take: no cache has anything, and all that may be said is said."""
        size = len("".join((*self.stable, self.change, self.facts)).encode()) + sum(
            one.size for one in self.turns
        )
        size += len(json.dumps(described(self.tools)).encode()) if self.tools else 0
        overhead = 2 * OVERHEAD if self.tools else OVERHEAD
        return Tokens(cache_write=int(size / BYTES_PER_TOKEN) + overhead, output=self.budget.answer)

    def after(self, turn: Turn, *, may_look: bool) -> Question[T]:
        """The same question once more, with what was shown."""
        return replace(self, turns=(*self.turns, turn), may_look=may_look)

    def read(self, text: str) -> T:
        """The answer in `text`. Raises ModelFailed for whatever is none.

        What an adviser filled in that it was not asked for is not heard.
        """
        if self.form is self.answer:
            return parsed(text, self.answer)
        given = parsed(text, self.form, self.answer.__name__)
        own = given.model_dump_json(include=set(self.answer.model_fields), exclude_unset=True)
        return parsed(own, self.answer)


def question_of(
    role: Role, facts: Facts, answer: type[T], models: Mapping[Tier, str], *, may_look: bool = False
) -> Question[T]:
    """The words of `role`, and the facts apart from them. Raises PromptInvalid for a misfit."""
    prompt = load(role)
    wrong = set(facts) ^ set(prompt.inputs)
    if wrong:
        raise PromptInvalid(f"{role}.md", 1, f"its inputs are {sorted(prompt.inputs)}, not {sorted(facts)}")
    told = {name: without_secrets(f"«{name}»\n{facts[name]}") for name in prompt.inputs}
    is_adviser = role in ADVISERS
    change = told.pop(CHANGE, "") if is_adviser else ""
    return Question(
        role=role,
        model=models[prompt.tier],
        prompt=sha(role),
        stable=(handbook(), _of_advisers() if is_adviser else outlined(role)),
        change=change,
        facts="\n\n".join([*told.values(), *([f"«role»\n{role}"] if is_adviser else [])]),
        answer=answer,
        tools=ROLES[role].tools if may_look or is_adviser else (),
        may_look=may_look,
    )


@cache
def _of_advisers() -> str:
    """The words of all advisers: what one was asked, the next need not be told anew."""
    return "\n\n".join((shared("advisers"), *(f"## {role}\n\n{outlined(role)}" for role in ADVISERS)))


def described(tools: tuple[ReadTool, ...]) -> list[dict[str, object]]:
    """The tools in the words that the API knows, each with a strict form."""
    return [
        {
            "name": tool,
            "description": tool_words()[tool],
            "input_schema": schema_of(FORMS[tool]),
            "strict": True,
        }
        for tool in tools
    ]


@cache
def schema_of(answer: type[BaseModel]) -> dict[str, object]:
    """The JSON schema of an answer, in the words that the API knows."""
    from anthropic import transform_schema  # slow to import, and only needed where somebody is asked

    return cast(dict[str, object], transform_schema(answer))
