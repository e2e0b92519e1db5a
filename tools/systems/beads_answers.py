"""What `bd` answers, as far as it is read: bare, as up to version 1, or in the envelope of version 2."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from orchestrate.errors import Unreachable

T = TypeVar("T", bound="Answered")
Json = dict[str, object]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Answered(BaseModel):
    """A part of an answer; what is not named here is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def _some(value: object) -> object:
    return value or ()


def _object(value: object) -> object:
    """Metadata comes as an object, or as its text."""
    if isinstance(value, str):
        try:
            return cast(object, json.loads(value or "{}"))
        except ValueError:
            return {}
    return value or {}


class Edge(Answered):
    """A dependency: in lists with both ends, in `show` as the other issue."""

    id: str = ""
    issue_id: str = ""
    depends_on_id: str = ""
    type: str = ""
    dependency_type: str = ""
    dep_type: str = ""  # br's word for it

    @property
    def kind(self) -> str:
        return self.dependency_type or self.dep_type or self.type

    @property
    def on(self) -> str:
        return self.depends_on_id or self.id


class Saying(Answered):
    """A comment; nobody proves who its author is."""

    id: str
    author: str = ""
    text: str = ""
    created_at: datetime

    @property
    def at(self) -> datetime:
        """To the millisecond where the id tells it (UUID of version 7): `created_at` is cut to seconds."""
        digits = self.id.replace("-", "")
        if len(digits) == 32 and digits[12] == "7":
            precise = _EPOCH + timedelta(milliseconds=int(digits[:12], 16))
            if abs((precise - self.created_at).total_seconds()) < 2:
                return precise
        return self.created_at


Edges = Annotated[tuple[Edge, ...], BeforeValidator(_some)]


class Issue(Answered):
    """A bead."""

    id: str
    title: str = ""
    description: str = ""
    status: str = "open"
    priority: int = 2
    created_at: datetime
    created_by: str = ""
    close_reason: str = ""
    external_ref: str | None = None
    metadata: Annotated[dict[str, object], BeforeValidator(_object)] = {}
    labels: Annotated[tuple[str, ...], BeforeValidator(_some)] = ()
    dependencies: Edges = ()
    dependents: Edges = ()
    comments: Annotated[tuple[Saying, ...], BeforeValidator(_some)] = ()
    comment_count: int = 0

    @property
    def waits_for(self) -> tuple[str, ...]:
        return tuple(one.on for one in self.dependencies if one.kind == "blocks")

    @property
    def discovered_from(self) -> str | None:
        return next((one.on for one in self.dependencies if one.kind == "discovered-from"), None)


class Version(Answered):
    """Which program answers; br, which is often called bd, names its Rust."""

    version: str = ""
    rust_version: str | None = None

    @property
    def parts(self) -> tuple[int, ...]:
        return tuple(int(one) for one in re.findall(r"\d+", self.version)[:3])


def parsed(form: type[T], text: str, what: str) -> tuple[T, ...]:
    """The things in an answer. Raises Unreachable where it is something else."""
    try:
        return tuple(form.model_validate(one) for one in _things(json.loads(text or "[]")))
    except (ValueError, RecursionError, ValidationError) as problem:
        said = str(problem).splitlines()[0]
        raise Unreachable(f"bd answered something else about {what}: {said}") from None


def complaint(stdout: str, stderr: str) -> str:
    """What bd says is wrong: on either output, in JSON or not."""
    for text in (stdout, stderr):
        try:
            found = _things(json.loads(text))
        except (ValueError, RecursionError):
            continue
        for one in found:
            if isinstance(one, dict) and "error" in one:
                error = cast(Json, one)["error"]
                return str(cast(Json, error)["message"]) if isinstance(error, dict) else str(error)
    return (stderr or stdout).strip()[:400] or "it said nothing"


def _things(data: object) -> Sequence[object]:
    if isinstance(data, dict):
        inner = cast(Json, data)
        if "schema_version" in inner and "data" in inner:
            return _things(inner["data"])
        listed = next((name for name in ("items", "issues") if isinstance(inner.get(name), list)), "")
        return _things(inner[listed]) if listed else [inner]
    return cast(list[object], data) if isinstance(data, list) else []
