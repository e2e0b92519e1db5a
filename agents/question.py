"""Questions: all that is sent to a model, the longest-lived part first, and the answer's type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from pydantic import BaseModel

from agents.model import Facts
from agents.role import Role
from agents.roles import ROLES, Budget
from orchestrate.errors import PromptInvalid
from orchestrate.models.model_call import Tokens
from orchestrate.redaction import without_secrets
from prompts import Tier, handbook, load, outlined, sha

T = TypeVar("T", bound=BaseModel)

BYTES_PER_TOKEN = 2.5
"""Fewer than any text that we send has, so that a purse is asked for too much and never for too little."""

OVERHEAD = 500
"""Tokens that the API adds for the form of the answer."""


@dataclass(frozen=True)
class Question(Generic[T]):
    """What one role is asked once."""

    role: Role
    model: str
    prompt: str  # SHA-256 of the role's file, in hex
    stable: tuple[str, ...]  # the handbook, then the role's words: the same for every question to it
    facts: str
    answer: type[T]

    @property
    def budget(self) -> Budget:
        return ROLES[self.role].budget

    @property
    def sha(self) -> str:
        """SHA-256 in hex of everything that decides about the answer."""
        parts = [self.model, *self.stable, self.facts, self.answer.__name__]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def most(self) -> Tokens:
        """The most that asking once can take: no cache has anything, and all that may be said is said."""
        size = len("".join((*self.stable, self.facts)).encode())
        return Tokens(cache_write=int(size / BYTES_PER_TOKEN) + OVERHEAD, output=self.budget.answer)


def question_of(role: Role, facts: Facts, answer: type[T], models: Mapping[Tier, str]) -> Question[T]:
    """The words of `role`, and the facts apart from them. Raises PromptInvalid for a misfit."""
    prompt = load(role)
    wrong = set(facts) ^ set(prompt.inputs)
    if wrong:
        raise PromptInvalid(f"{role}.md", 1, f"its inputs are {sorted(prompt.inputs)}, not {sorted(facts)}")
    told = "\n\n".join(f"«{name}»\n{facts[name]}" for name in prompt.inputs)
    return Question(
        role=role,
        model=models[prompt.tier],
        prompt=sha(role),
        stable=(handbook(), outlined(role)),
        facts=without_secrets(told),
        answer=answer,
    )


def schema_of(answer: type[BaseModel]) -> dict[str, object]:
    """The JSON schema of an answer, in the words that the API knows."""
    from anthropic import transform_schema  # slow to import, and only needed where somebody is asked

    return cast(dict[str, object], transform_schema(answer))
