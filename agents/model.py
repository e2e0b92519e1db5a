"""The one port to a model: ask a role with facts, get a typed answer or ModelFailed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from agents.looks import Looks
from agents.role import Role
from orchestrate.errors import ModelFailed
from orchestrate.outside import clipped, redacted, visible
from orchestrate.redaction import without_secrets
from prompts import render

T = TypeVar("T", bound=BaseModel)

QUOTE_LIMIT = 8 * 1024
"""Bytes of outside text that one value may carry."""


@dataclass(frozen=True)
class Quoted:
    """Outside text on its way to a model: bounded, redacted, inside a fence that it cannot close."""

    text: str
    limit: int = QUOTE_LIMIT

    def __str__(self) -> str:
        body = clipped(redacted(visible(self.text)), self.limit)
        seal = hashlib.sha256(body.encode()).hexdigest()[:16]
        return f"<outside {seal}>\n{body}\n</outside {seal}>"


Facts = Mapping[str, "str | Quoted"]


class Brief(dict[str, "str | Quoted"]):
    """Facts, the deployment that pays for the answer, and what may be looked at before it."""

    def __init__(self, deployment: str, facts: Facts, looks: Looks | None = None) -> None:
        self.deployment = deployment
        self.looks = looks
        super().__init__(facts)


class Model(Protocol):
    """A mind that can be asked."""

    name: str

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:
        """What `role` says about `facts`, as an `answer`. Raises ModelFailed for anything else."""
        ...


def prompt_of(role: Role, facts: Facts) -> str:
    """The words of `role` with the facts in place, without secrets. Raises PromptInvalid for a misfit."""
    return without_secrets(render(role, **{name: str(value) for name, value in facts.items()}))


def parsed(text: str, answer: type[T], name: str = "") -> T:
    """The answer in `text`, which is exactly one JSON object of that type. Raises ModelFailed.

    `name`: what the type is called where people read of it.
    """
    try:
        return answer.model_validate_json(text, strict=True)
    except ValidationError as unusable:
        problems = "; ".join(f"{one['loc']}: {one['msg']}" for one in unusable.errors()[:3])
        raise ModelFailed(f"the answer is no {name or answer.__name__}: {problems}") from unusable


class NoModel:
    """Nobody to ask: every role does what its stand-in says."""

    name = "none"

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:  # noqa: ARG002 - the port's words
        raise ModelFailed("no model is configured")


@dataclass
class ScriptedModel:
    """Answers from a list, in order; remembers which role was asked what. For tests.

    An answer is a fact, a dict or text that is parsed as a model's would be, or an error to raise.
    """

    answers: Sequence[BaseModel | Mapping[str, object] | str | ModelFailed]
    name: str = "scripted"
    asked: list[tuple[Role, str]] = field(default_factory=list[tuple[Role, str]])

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:
        self.asked.append((role, prompt_of(role, facts)))
        if len(self.asked) > len(self.answers):
            raise ModelFailed("the script has no more answers")
        said = self.answers[len(self.asked) - 1]
        if isinstance(said, ModelFailed):
            raise said
        return parsed(_json(said), answer)


def _json(said: BaseModel | Mapping[str, object] | str) -> str:
    if isinstance(said, BaseModel):
        return said.model_dump_json()
    return said if isinstance(said, str) else json.dumps(said)
