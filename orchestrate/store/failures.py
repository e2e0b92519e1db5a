"""Failures of the database, in words an operator can act on."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from sqlalchemy import exc

from orchestrate.errors import StoreUnusable


class Failure(StrEnum):
    """What can be wrong with a database."""

    LOCKED = "is locked by another program"
    READ_ONLY = "is read-only"
    FULL = "cannot grow: the disk, or the space it may use, is full"
    CORRUPT = "is corrupt, or is not a database"
    CLOSED = "cannot be opened"
    BROKEN = "cannot be read or written: the disk reports errors"
    UNREACHABLE = "does not answer"
    DENIED = "does not let us in"
    OTHER_VERSION = "does not have the tables of this version"
    OVERLOADED = "has no free connection or took too long"


CURES: dict[Failure, str] = {
    Failure.LOCKED: "find out who holds it (lsof FILE, or pg_locks), end that program, and try again",
    Failure.READ_ONLY: "make the file, its folder and its file system writable for this user",
    Failure.FULL: "free some space (df -h), and try again; nothing was lost",
    Failure.CORRUPT: "stop the workers, then restore a backup or run: sqlite3 FILE .recover | sqlite3 NEW",
    Failure.CLOSED: "check that the folder exists and that this user may write in it",
    Failure.BROKEN: "check the disk (dmesg), and move the file to a sound one",
    Failure.UNREACHABLE: "check that the server runs and that the address in the settings is right",
    Failure.DENIED: "check the user, password and database name in the settings",
    Failure.OTHER_VERSION: "run: orchestrate db upgrade",
    Failure.OVERLOADED: "look for long transactions and for more workers than the server allows",
}

SQLITE: dict[int, Failure] = {
    sqlite3.SQLITE_BUSY: Failure.LOCKED,
    sqlite3.SQLITE_LOCKED: Failure.LOCKED,
    sqlite3.SQLITE_READONLY: Failure.READ_ONLY,
    sqlite3.SQLITE_FULL: Failure.FULL,
    sqlite3.SQLITE_CORRUPT: Failure.CORRUPT,
    sqlite3.SQLITE_NOTADB: Failure.CORRUPT,
    sqlite3.SQLITE_CANTOPEN: Failure.CLOSED,
    sqlite3.SQLITE_PERM: Failure.CLOSED,
    sqlite3.SQLITE_IOERR: Failure.BROKEN,
}

POSTGRES: dict[str, Failure] = {  # SQLSTATE, or the first two characters of it
    "55P03": Failure.LOCKED,
    "40P01": Failure.LOCKED,
    "25006": Failure.READ_ONLY,
    "53100": Failure.FULL,
    "53": Failure.OVERLOADED,
    "57014": Failure.OVERLOADED,
    "XX001": Failure.CORRUPT,
    "XX002": Failure.CORRUPT,
    "08": Failure.UNREACHABLE,
    "57": Failure.UNREACHABLE,
    "28": Failure.DENIED,
    "3D": Failure.DENIED,
    "42501": Failure.DENIED,
    "42P01": Failure.OTHER_VERSION,
    "42703": Failure.OTHER_VERSION,
    "58": Failure.BROKEN,
}


def in_words(problem: Exception, where: str) -> StoreUnusable | None:
    """The failure behind `problem`, or None where the database is not to blame."""
    failure = _failure(problem)
    return None if failure is None else unusable(where, failure, str(_cause(problem)))


def unusable(where: str, failure: Failure, detail: str = "", *, cure: str = "") -> StoreUnusable:
    """The error for `failure` of the database at `where`."""
    about = f" ({detail.strip().splitlines()[0]})" if detail.strip() else ""
    return StoreUnusable(f"the database {where} {failure}{about}", cure=cure or CURES[failure])


def _cause(problem: Exception) -> BaseException:
    if isinstance(problem, exc.DBAPIError) and problem.orig is not None:
        return problem.orig
    return problem


def _failure(problem: Exception) -> Failure | None:
    if isinstance(problem, exc.TimeoutError):
        return Failure.OVERLOADED
    cause = _cause(problem)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    state: object = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return POSTGRES.get(state) or POSTGRES.get(state[:2])
    return _of_connecting(cause) if isinstance(problem, exc.OperationalError) else None


def _of_connecting(cause: BaseException) -> Failure:
    """A connection that was never made has no SQLSTATE, only words."""
    is_denied = "authentication failed" in str(cause) or "does not exist" in str(cause)
    return Failure.DENIED if is_denied else Failure.UNREACHABLE


def _of_sqlite(cause: sqlite3.Error) -> Failure | None:
    code: object = getattr(cause, "sqlite_errorcode", None)
    known = SQLITE.get(code & 0xFF) if isinstance(code, int) else None
    missing = str(cause).startswith(("no such table", "no such column")) or "has no column" in str(cause)
    return Failure.OTHER_VERSION if missing else known
