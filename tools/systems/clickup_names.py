"""Names of ClickUp's tasks, as people write them: an id, a custom id such as ABC-123, or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrate.errors import UnknownTask

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CUSTOM = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}-\d{1,12}")
_ADDRESS = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*clickup\.com/t/(?:(?P<team>\d{1,20})/)?(?P<name>[^/?#\s]+)/?(?:[?#]\S*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TaskName:
    """What somebody calls a task; a custom id is only known within its workspace."""

    name: str
    is_custom: bool = False
    team: str | None = None  # the workspace, where the address names it


def check_id(id: str) -> None:
    """Raise UnknownTask for what cannot be the id of a task: it would lead somewhere else."""
    if not _ID.fullmatch(id):
        raise UnknownTask(id)


def task_named(text: str) -> TaskName:
    """What `text` calls a task. Raises UnknownTask for what cannot be the name of one."""
    said = text.strip()
    address = _ADDRESS.fullmatch(said)
    name, team = (address["name"], address["team"]) if address else (said.removeprefix("#"), None)
    if not _ID.fullmatch(name):
        raise UnknownTask(text)
    is_custom = _CUSTOM.fullmatch(name) is not None
    return TaskName(name.upper() if is_custom else name, is_custom, team)
