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
    if (where := _float_in(data)) is not None:
        raise ValueError(f"${where} is a float; hashed facts hold integers and strings only")
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(fact: BaseModel) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical(fact).encode()).hexdigest()


def _float_in(value: object) -> str | None:
    """Where inside `value` a float is, as a path; None where there is none."""
    if isinstance(value, float):
        return ""
    if isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            if (where := _float_in(inner)) is not None:  # pyright: ignore[reportUnknownArgumentType]
                return f".{key}{where}"
    if isinstance(value, list):
        for index, inner in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            if (where := _float_in(inner)) is not None:  # pyright: ignore[reportUnknownArgumentType]
                return f"[{index}]{where}"
    return None
