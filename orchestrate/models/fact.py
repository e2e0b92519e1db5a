"""What every fact is: frozen, closed, and the same in every process."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A frozen value; a change is a new value."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def canonical(fact: BaseModel) -> str:
    """The one JSON text of `fact`: sorted keys, no spaces, no floats (they are refused)."""
    data = fact.model_dump(mode="json")
    _refuse_floats(data, "$")
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(fact: BaseModel) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical(fact).encode()).hexdigest()


def _refuse_floats(value: object, path: str) -> None:
    if isinstance(value, float):
        raise ValueError(f"{path} is a float; hashed facts hold integers and strings only")
    if isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            _refuse_floats(inner, f"{path}.{key}")  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list):
        for index, inner in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            _refuse_floats(inner, f"{path}[{index}]")  # pyright: ignore[reportUnknownArgumentType]
