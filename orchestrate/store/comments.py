"""Comments: the threads of the built-in tracker's tasks."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import RowMapping, bindparam, func, insert, select, update

from orchestrate.errors import UnknownComment
from orchestrate.models.task import Comment
from orchestrate.store.database import Database
from orchestrate.store.rows import clean, fact
from orchestrate.store.tables import comments
from orchestrate.store.task_ids import known_number, task_id

SAY = insert(comments).returning(*comments.c)
OF = select(comments).where(comments.c.task == bindparam("wanted")).order_by(comments.c.number)
SPOKEN = (
    select(comments.c.task)
    .where(comments.c.number > bindparam("mark"), comments.c.author != bindparam("but"))
    .distinct()
)
SETTLED = select(func.max(comments.c.number)).where(
    comments.c.number > bindparam("mark"), comments.c.at < bindparam("moment")
)
EDIT = (
    update(comments)
    .where(comments.c.number == bindparam("wanted"))
    .values(text=bindparam("words"), edited=True)
    .returning(*comments.c)
)


class Comments:
    """What was said on each task's thread, and by whom."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, task: str, author: str, text: str) -> Comment:
        """Add a comment. Raises UnknownTask."""
        words = {"author": author, "text": clean(text), "at": self._database.clock(), "edited": False}
        with self._database.writing() as connection:
            number = known_number(connection, task)
            return _comment(connection.execute(SAY, {"task": number, **words}).mappings().one())

    def edit(self, comment: str, text: str) -> Comment:
        """Change what was said; it is marked as edited for ever. Raises UnknownComment."""
        number = int(comment) if comment.isdecimal() else 0
        with self._database.writing() as connection:
            row = connection.execute(EDIT, {"wanted": number, "words": clean(text)}).mappings().first()
        if row is None:
            raise UnknownComment(comment)
        return _comment(row)

    def of(self, task: str) -> tuple[Comment, ...]:
        """The whole thread, oldest first. Raises UnknownTask."""
        with self._database.reading() as connection:
            number = known_number(connection, task)
            found = connection.execute(OF, {"wanted": number}).mappings()
            return tuple(_comment(row) for row in found)

    def spoken(self, mark: int, seconds: float, but: str) -> tuple[tuple[str, ...], int]:
        """The tasks that somebody (`but` one author) commented on after comment `mark`, and the next mark:
        the newest comment that is older than `seconds`."""
        asked = {"mark": mark, "moment": self._database.clock() - seconds, "but": but}
        with self._database.reading() as connection:
            settled = connection.execute(SETTLED, asked).scalar()
            found = connection.execute(SPOKEN, asked).scalars()
            return tuple(task_id(number) for number in found), settled or mark


def _comment(row: RowMapping) -> Comment:
    at = datetime.fromtimestamp(row["at"], UTC)
    return fact(Comment, row, id=str(row["number"]), task=task_id(row["task"]), at=at, proven=True)
