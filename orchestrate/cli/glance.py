"""A glance: what is under way, read from a SQLite store without anything that is slow to import.

It looks only where it is sure: the settings are the very bytes that were checked before, the store is in
its usual place, and its tables are those of this version. Else it sees nothing, and the whole way is gone.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from orchestrate.models.deployment import Deployment
    from orchestrate.settings import Settings

TABLES = "0013"
"""The tables that are known here; a test compares it with the store's."""

STAMP = "settings.seen"
NAME = "orchestrate.yaml"
_STORE = Path(".orchestrate") / "orchestrate.db"
_UNFINISHED = (
    "SELECT id, request, service, environment, status, stage, outcome, waits_for, version, reason,"
    " created_at, finished_at FROM deployments WHERE status <> 'finished' ORDER BY id DESC LIMIT 200"
)

_OWED = (
    "SELECT deployment, thread, kind, at, tries, why FROM letters WHERE ended_at IS NULL"
    " ORDER BY number LIMIT 1000"
)


class Stopped(TypedDict):
    """Who stopped effects, as JSON has it."""

    by: str
    reason: str
    everything: bool
    at: float


class Untold(TypedDict):
    """What people were not told yet, as JSON has it; `why`: '' while others are before it."""

    deployment: str
    thread: str
    kind: str
    at: float
    tries: int
    why: str


class Summary(TypedDict):
    """One deployment in a list, as JSON has it."""

    id: str
    environment: str
    service: str
    kind: str
    status: str
    stage: str | None
    outcome: str | None
    version: str | None
    task: str | None
    change: str | None
    requested_by: str
    waits_for: dict[str, str | float | None] | None
    reason: str
    created_at: str
    finished_at: str | None


def under_way(config: Path | None) -> list[Summary] | None:
    """Every unfinished deployment, newest first; None when only the whole way can tell."""
    settings = config or _nearest(Path.cwd())
    if settings is None or not _was_checked(settings):
        return None
    try:
        return _read(settings.parent / _STORE)
    except (sqlite3.Error, ValueError, KeyError):
        return None


def stop_in_force(config: Path | None) -> Stopped | None:
    """Who stopped effects; asked where `under_way` gave an answer."""
    settings = config or _nearest(Path.cwd())
    if settings is None:
        return None
    with suppress(sqlite3.Error), closing(_opened(settings.parent / _STORE)) as connection:
        row = connection.execute("SELECT by, reason, everything, at FROM stops").fetchone()
        return Stopped(by=row[0], reason=row[1], everything=bool(row[2]), at=row[3]) if row else None
    return None


def owed(config: Path | None) -> list[Untold]:
    """What people were not told yet, oldest first; asked where `under_way` gave an answer."""
    settings = config or _nearest(Path.cwd())
    if settings is None:
        return []
    with suppress(sqlite3.Error), closing(_opened(settings.parent / _STORE)) as connection:
        return [
            Untold(deployment=row[0], thread=row[1], kind=row[2], at=row[3], tries=row[4], why=row[5])
            for row in connection.execute(_OWED)
        ]
    return []


def owed_words(owed: Sequence[Untold]) -> str:
    """That people were not told everything yet, in one line."""
    since = datetime.fromtimestamp(owed[0]["at"], UTC).isoformat(timespec="seconds")
    threads = sorted({one["thread"] for one in owed})
    why = next((one["why"] for one in owed if one["why"]), "not tried yet")
    count = "1 message waits" if len(owed) == 1 else f"{len(owed)} messages wait"
    return f"{count} for the tracker since {since} ({', '.join(threads[:5])}): {why}"


def stop_words(stop: Stopped) -> str:
    """That effects are stopped, in one line."""
    what = "all effects, undos too" if stop["everything"] else "effects"
    return f"{stop['by']} stopped {what}: {stop['reason']}  (orchestrate allow-effects)"


def remember(settings: Settings) -> None:
    """These settings were read and found good, and their store is where it usually is."""
    folder = settings.path.parent
    if settings.store.url != f"sqlite:///{folder / _STORE}" or not (folder / _STORE).is_file():
        return
    with suppress(OSError):
        mark = _mark(settings.path)
        stamp = folder / _STORE.parent / STAMP
        if settings.path.stat().st_mtime == settings.mtime and _text(stamp) != mark:
            stamp.write_text(mark)


def summary(row: Deployment) -> Summary:
    """The deployment as lists have it."""
    return Summary(
        id=row.id,
        environment=row.environment,
        service=row.service,
        kind=row.request.kind.value,
        status=row.status.value,
        stage=row.stage.value if row.stage else None,
        outcome=row.outcome.value if row.outcome else None,
        version=row.version or row.request.version,
        task=row.request.task,
        change=row.request.change,
        requested_by=row.request.requested_by,
        waits_for=row.waits_for.model_dump(mode="json") if row.waits_for else None,
        reason=row.reason,
        created_at=row.created_at.isoformat(),
        finished_at=row.finished_at.isoformat() if row.finished_at else None,
    )


def waits(summary: Summary) -> str:
    """What it waits for, in words."""
    wait = summary["waits_for"] or {}
    match wait.get("kind"):
        case "approval":
            return f"a person ({wait['gate']})"
        case "time":
            return "the watch" if wait.get("watch") else "the clock"
        case "checks" if wait.get("held_by"):
            return f"files that {wait['held_by']} has reserved"
        case "checks":
            return f"checks of change {wait['change']}" if wait.get("change") else "checks"
        case "turn":
            return f"its turn in {wait['environment']}"
        case "effects":
            return f"effects: {wait['why']}"
        case _:
            return ""


def _nearest(start: Path) -> Path | None:
    folders = (start, *start.parents)
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


def _was_checked(settings: Path) -> bool:
    with suppress(OSError):
        return _text(settings.parent / _STORE.parent / STAMP) == _mark(settings)
    return False


def _mark(settings: Path) -> str:
    return hashlib.sha256(settings.read_bytes()).hexdigest()


def _text(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


def _read(file: Path) -> list[Summary] | None:
    with closing(_opened(file)) as connection:
        if connection.execute("SELECT version_num FROM alembic_version").fetchone() != (TABLES,):
            return None
        connection.row_factory = sqlite3.Row
        return [_summary(row) for row in connection.execute(_UNFINISHED)]


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=5)


def _summary(row: sqlite3.Row) -> Summary:
    request = cast(dict[str, str], json.loads(row["request"]))
    return Summary(
        id=row["id"],
        environment=row["environment"],
        service=row["service"],
        kind=request.get("kind", "deploy"),
        status=row["status"],
        stage=row["stage"],
        outcome=row["outcome"],
        version=row["version"] or request.get("version"),
        task=request.get("task"),
        change=request.get("change"),
        requested_by=request["requested_by"],
        waits_for=json.loads(row["waits_for"]) if row["waits_for"] else None,
        reason=row["reason"],
        created_at=_moment(row["created_at"]),
        finished_at=_moment(row["finished_at"]) if row["finished_at"] else None,
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
