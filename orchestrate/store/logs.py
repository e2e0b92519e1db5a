"""Logs: captured output of a deployment, its beginning and its end kept when it grows too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select

from orchestrate.models.log import LogLine
from orchestrate.store.database import Database
from orchestrate.store.rows import Value, clean
from orchestrate.store.tables import logs

rows = logs.c

KEPT_BYTES = 1024 * 1024
CHUNK_CHARACTERS = 4 * 1024

END = (
    select(rows.position).where(rows.deployment == bindparam("whose")).order_by(rows.position.desc()).limit(1)
)
ADD = insert(logs)
DROP_MIDDLE = delete(logs).where(
    rows.deployment == bindparam("whose"),
    rows.position > bindparam("head"),
    rows.position <= bindparam("tail"),
)
OF = select(logs).where(rows.deployment == bindparam("whose")).order_by(rows.position, rows.number)


class Logs:
    """Keeps what programs wrote, searchable per deployment (F3)."""

    def __init__(self, database: Database, kept_bytes: int = KEPT_BYTES) -> None:
        self._database = database
        self._kept = kept_bytes

    def add(self, deployment: str, source: str, text: str) -> None:
        """Keep `text`, one or more lines, as what `source` wrote now."""
        now = self._database.clock()
        with self._database.writing() as connection:
            end = connection.execute(END, {"whose": deployment}).scalar() or 0
            values: list[dict[str, Value]] = []
            for piece in _pieces(clean(text)):
                size = len(piece.encode())
                end += size
                row: dict[str, Value] = {"deployment": deployment, "position": end, "at": now}
                values.append({**row, "source": source, "size": size, "text": piece})
            if values:
                connection.execute(ADD, values)
                drop_middle(connection, deployment, end, self._kept)

    def read(
        self, deployment: str, source: str | None = None, contains: str | None = None, limit: int = 1000
    ) -> tuple[LogLine, ...]:
        """The last `limit` lines that match, oldest first; a line tells where bytes were left out."""
        with self._database.reading() as connection:
            found = connection.execute(OF, {"whose": deployment}).mappings().all()
        lines = [
            line
            for line in _lines(found)
            if source in (None, line.source) and (contains is None or contains in line.text)
        ]
        return tuple(lines[-limit:])


def drop_middle(connection: Connection, deployment: str, end: int, kept: int) -> None:
    """Drop what is neither in the first nor in the last half of `kept` bytes, in this transaction."""
    if end > kept:
        half = kept // 2
        connection.execute(DROP_MIDDLE, {"whose": deployment, "head": half, "tail": end - half})


def shorten(connection: Connection, deployment: str, kept: int) -> None:
    """Keep only `kept` bytes of a deployment's log, in this transaction."""
    end = connection.execute(END, {"whose": deployment}).scalar() or 0
    drop_middle(connection, deployment, end, kept)


def _pieces(text: str) -> Iterator[str]:
    """`text` in chunks of whole lines; only a line that is longer than a chunk is cut."""
    begin = 0
    while begin < len(text):
        end = begin + CHUNK_CHARACTERS
        if end < len(text):
            end = text.rfind("\n", begin, end) + 1 or end
        yield text[begin:end]
        begin = end


def _lines(chunks: Sequence[RowMapping]) -> Iterator[LogLine]:
    end = 0
    for chunk in chunks:
        gap = chunk["position"] - chunk["size"] - end
        if gap > 0:
            yield LogLine(at=chunk["at"], source="orchestrate", text=f"… {gap} bytes are left out here …")
        for text in chunk["text"].splitlines():
            yield LogLine(at=chunk["at"], source=chunk["source"], text=text)
        end = chunk["position"]
