"""Wire: a question with all that was said and shown since, as the messages that the API takes."""

from __future__ import annotations

import json
from typing import cast

from pydantic import BaseModel

from agents.heard import TEXT, WISHED, Part
from agents.looking import Shown
from agents.question import Question
from orchestrate.redaction import without_secrets, without_secrets_json

Json = dict[str, object]

ROLES = ("user", "assistant")
KEPT: Json = {"cache_control": {"type": "ephemeral"}}
"""To whatever stands before this, the API need not listen a second time within five minutes."""


def messages(question: Question[BaseModel]) -> list[Json]:
    """The change, the facts, then what was said and shown; what is read once more is kept by the API."""
    kept = KEPT if question.may_look else {}  # whoever may not look shares no messages with those who may
    change: list[Json] = [{"type": TEXT, "text": question.change, **kept}] if question.change else []
    found: list[list[Json]] = [[*change, {"type": TEXT, "text": question.facts}]]
    for turn in question.turns:
        found.append([one for part in turn.said if (one := _said(part))])
        found.append([_shown(one) for one in turn.shown])
    if question.may_look:
        found[-1][-1].update(KEPT)
    return [{"role": ROLES[at % 2], "content": parts} for at, parts in enumerate(found)]


def _said(part: Part) -> Json | None:
    """A part as the model said it; a thought only comes back as it was."""
    match part.kind:
        case "thinking":
            return {"type": part.kind, "thinking": part.text, "signature": part.seal}
        case "redacted_thinking":
            return {"type": part.kind, "data": part.seal}
        case kind if kind == WISHED:
            return {"type": kind, "id": part.id, "name": part.name, "input": _input(part.text)}
        case _:
            text = without_secrets(part.text)
            return {"type": TEXT, "text": text} if text.strip() else None


def _input(words: str) -> object:
    """What a tool was told; what is no JSON object was told nothing."""
    try:
        given: object = json.loads(without_secrets_json(words or "{}"))
    except (ValueError, RecursionError):
        return {}
    return cast(object, given) if isinstance(given, dict) else {}


def _shown(one: Shown) -> Json:
    shown: Json = {"type": "tool_result", "tool_use_id": one.id, "content": one.text}
    return {**shown, "is_error": True} if one.is_error else shown
