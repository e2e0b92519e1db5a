"""Said: what a `status` command tells about a place, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field, ValidationError

from orchestrate.errors import OutsideFailed
from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from orchestrate.models.move import Weights
from orchestrate.models.runtime import Instance

EXAMPLE = '{"slots": {"blue": {"version": "4ae72cc", "instances": [{"id": "a", "healthy": true}]}}}'


class SaidInstance(Fact):
    """One instance, in the command's words."""

    id: str
    healthy: bool
    address: str = ""
    restarts: int = Field(0, ge=0)
    last_exit: int | None = None
    pid: int | None = None
    detail: str = ""
    cpu: float | None = None
    memory: float | None = None


class SaidSlot(Fact):
    """One slot; `version`: the name, commit or tree that really runs there, '' where nobody knows."""

    version: str = ""
    instances: tuple[SaidInstance, ...] = ()


class Said(Fact):
    """Everything; without `weights`, those that were set last are taken for those in force."""

    slots: dict[str, SaidSlot]
    weights: Weights | None = None


def said(text: bytes, component: str) -> Said:
    """What the command wrote. Raises OutsideFailed when that is not what was agreed."""
    try:
        return Said.model_validate_json(text)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{where}: {first['msg']}" if where else first["msg"]
        cure = f"let it write JSON such as {EXAMPLE}"
        raise OutsideFailed(f"{component}: `status` wrote something else: {what}", cure=cure) from wrong


def instance(slot: str, one: SaidInstance, really: str) -> Instance:
    return Instance(
        id=one.id,
        slot=slot,
        address=one.address,
        healthy=one.healthy,
        restarts=one.restarts,
        started_at=datetime.fromtimestamp(0, UTC),
        pid=one.pid,
        last_exit=one.last_exit,
        detail=one.detail or ("" if one.healthy else "`status` says that it is not healthy"),
        cpu=one.cpu,
        memory=one.memory,
        tree=really,
    )


def tree_of(words: str, version: Version | None) -> str:
    """The tree that `words` mean, if they mean the version; else the words themselves."""
    if version is None or not words:
        return words
    is_it = words in (version.name, version.tree) or (len(words) >= 7 and version.commit.startswith(words))
    return version.tree if is_it else words
