"""Task ids: T-1, T-2, … are the numbers of rows."""

from __future__ import annotations

import re

from sqlalchemy import Connection, bindparam, select

from orchestrate.errors import UnknownTask
from orchestrate.store.tables import tasks

EXISTS = select(tasks.c.number).where(tasks.c.number == bindparam("wanted"))
WRITTEN = re.compile(r"[Tt]-([1-9][0-9]{0,8})")


def task_id(number: int) -> str:
    """The id of the row with this number."""
    return f"T-{number}"


def known_number(connection: Connection, id: str) -> int:
    """The number of the task's row. Raises UnknownTask."""
    written = WRITTEN.fullmatch(id)
    number = int(written[1]) if written else 0
    if connection.execute(EXISTS, {"wanted": number}).first() is None:
        raise UnknownTask(id)
    return number
