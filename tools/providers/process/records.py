"""Records of an instance on disk: what its supervisor is told, and what it tells.

Standard library only: the supervisor imports it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from tools.providers.fleet.private import write_privately
from tools.providers.process.identity import Identity

SPEC = "spec.json"
STATE = "state.json"
LOCK = "lock"


class Spec(NamedTuple):
    """What one instance is; secrets are not part of it."""

    instance: str
    tree: str  # of the version
    argv: list[str]
    cwd: str
    environment: dict[str, str]
    port: int
    log_cap: int  # bytes
    memory_limit: int | None  # MiB
    stop_seconds: float  # between SIGTERM and SIGKILL


class State(NamedTuple):
    """How one instance does, as its supervisor last wrote it."""

    supervisor: Identity
    child: Identity | None
    started_at: float  # epoch seconds of the child's last start
    restarts: int
    last_exit: int | None  # negative: the signal that ended it
    status: str  # running, waiting (for the next start), ended
    detail: str  # why the child ended last


def read_spec(folder: Path) -> Spec | None:
    """The spec in `folder`; None when there is none, or none that can be read."""
    try:
        return Spec(**json.loads((folder / SPEC).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def read_state(folder: Path) -> State | None:
    """The state in `folder`; None when there is none, or none that can be read."""
    try:
        data = json.loads((folder / STATE).read_text())
        data["supervisor"] = Identity(*data["supervisor"])
        data["child"] = Identity(*data["child"]) if data["child"] else None
        return State(**data)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_spec(folder: Path, spec: Spec) -> None:
    write_privately(folder / SPEC, json.dumps(spec._asdict()))


def write_state(folder: Path, state: State) -> None:
    write_privately(folder / STATE, json.dumps(state._asdict()))
