"""The outbox: what people are to be told and could not be told at once, thread by thread, in order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, or_, select, update

from orchestrate.errors import LeaseLost
from orchestrate.models.deployment import Lease, Stage
from orchestrate.models.letter import Letter, LetterEnd, Unsent
from orchestrate.outside import clipped
from orchestrate.store import events
from orchestrate.store.database import Database
from orchestrate.store.driving import hold
from orchestrate.store.letter_tables import OWED, letter_threads, letters
from orchestrate.store.rows import clean, clean_json, fact, insert_once
from orchestrate.store.tables import deployments

rows, threads = letters.c, letter_threads.c
MOST_WHY = 800  # bytes of a problem that are kept beside a letter

THREAD_OF = select(func.coalesce(deployments.c.task, deployments.c.id)).where(
    deployments.c.id == bindparam("deployment")
)
IS_OWED = select(rows.number).where(rows.thread == THREAD_OF.scalar_subquery(), OWED).limit(1)
OWING = select(rows.thread).where(OWED).distinct()
OF_THREAD = select(letters).where(rows.thread == bindparam("whose"), OWED).order_by(rows.number)
ALL_OWED = select(letters).where(OWED).order_by(rows.number).limit(bindparam("most"))
DUE = (
    select(threads.thread)
    .where(
        threads.next_at <= bindparam("now"),
        or_(threads.lease_until.is_(None), threads.lease_until <= bindparam("now")),
    )
    .order_by(threads.next_at, threads.thread)
    .limit(bindparam("most"))
)
CLAIM = (
    update(letter_threads)
    .where(
        threads.thread == bindparam("which"),
        or_(threads.lease_until.is_(None), threads.lease_until <= bindparam("now")),
    )
    .values(
        lease_worker=bindparam("worker"),
        lease_token=threads.lease_token + 1,
        lease_until=bindparam("until"),
    )
    .returning(threads.lease_token)
)
TAKE = CLAIM.where(threads.next_at <= bindparam("now"))
RENEW = (
    update(letter_threads).where(threads.thread == bindparam("which")).values(lease_until=bindparam("until"))
)
RELEASE = (
    update(letter_threads)
    .where(threads.thread == bindparam("which"), threads.lease_token == bindparam("token"))
    .values(
        lease_worker=None,
        lease_until=None,
        next_at=bindparam("then"),
        asked_until=bindparam("asked"),
    )
)
WAKE = (
    update(letter_threads)
    .where(threads.thread == bindparam("which"), threads.next_at.is_(None))
    .values(next_at=bindparam("then"), asked_until=bindparam("asked"))
)
HURRY = (
    update(letter_threads)
    .where(
        threads.next_at > bindparam("now"),
        or_(threads.asked_until.is_(None), threads.asked_until <= bindparam("now")),
        or_(threads.lease_until.is_(None), threads.lease_until <= bindparam("now")),
    )
    .values(next_at=bindparam("now"))
)
RESTS = select(threads.thread).where(threads.next_at > bindparam("now")).limit(1)
FAILED = (
    update(letters)
    .where(rows.number == bindparam("which"))
    .values(tries=rows.tries + 1, why=bindparam("reason"))
)
END = (
    update(letters)
    .where(rows.number == bindparam("which"), OWED)
    .values(ended_at=bindparam("now"), end=bindparam("how"), why=bindparam("reason"))
)
LOCK = select(threads.thread).where(threads.thread == bindparam("which")).with_for_update()


class Outbox:
    """Keeps letters until they are told; each thread is told by one worker at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(  # noqa: PLR0913  what the letter is, and where, when and why it is kept
        self,
        lease: Lease,
        stage: Stage,
        plan_hash: str | None,
        letter: Unsent,
        why: str = "",
        rest: float = 0.0,
        asked: float = 0.0,
    ) -> None:
        """Keep it behind what its thread is owed already, to be told after `rest` seconds; once per key.

        `asked`: for so many seconds somebody asked us to rest; nothing is told sooner.

        The story is told where there is a `why`. Raises LeaseLost.
        """
        now = self._database.clock()
        with self._database.writing() as connection:
            hold(connection, lease, now)
            thread = connection.execute(THREAD_OF, {"deployment": lease.deployment}).scalar_one()
            values = {
                "deployment": lease.deployment,
                "thread": thread,
                "stage": stage,
                "plan_hash": plan_hash,
                "kind": letter.kind,
                "key": letter.key,
                "body": clean_json(letter.body),
                "at": now,
                "tries": 1 if why else 0,
                "why": _short(why),
            }
            if insert_once(connection, letters, values) is None:
                return
            _wake(connection, thread, now + rest, now + asked if asked else None)
            if why:
                said = f"{letter.kind} cannot be told now, and is told later: {why}"
                events.append(connection, lease.deployment, stage, "kept", said, at=now)

    def is_owed(self, deployment: str) -> bool:
        """Whether something is to be told first on the deployment's thread."""
        with self._database.reading() as connection:
            return connection.execute(IS_OWED, {"deployment": deployment}).first() is not None

    def owing(self) -> frozenset[str]:
        """The threads on which something is to be told: tasks, and deployments without one."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(OWING).scalars())

    def owed(self, most: int = 1000) -> tuple[Letter, ...]:
        """Everything that is to be told, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(ALL_OWED, {"most": most}).mappings()
            return tuple(fact(Letter, row) for row in found)

    def of(self, thread: str) -> tuple[Letter, ...]:
        """What is to be told on one thread, in that order."""
        with self._database.reading() as connection:
            return tuple(
                fact(Letter, row) for row in connection.execute(OF_THREAD, {"whose": thread}).mappings()
            )

    def due(self, limit: int = 50) -> Sequence[str]:
        """The threads that want to be told something now, longest first."""
        asked = {"now": self._database.clock(), "most": limit}
        with self._database.reading() as connection:
            return connection.execute(DUE, asked).scalars().all()

    def take(self, thread: str, worker: str, seconds: float) -> Lease | None:
        """The right to tell it, or None where another has it, or nothing is due."""
        now = self._database.clock()
        asked = {"which": thread, "worker": worker, "now": now, "until": now + seconds}
        with self._database.writing() as connection:
            token = connection.execute(TAKE, asked).scalar()
        if token is None:
            return None
        return Lease(deployment="", worker=worker, token=token, until=now + seconds, thread=thread)

    def claim(self, thread: str, worker: str, seconds: float) -> Lease | None:
        """The right to tell on a thread of which no letter is kept, or None where another has it."""
        now = self._database.clock()
        asked = {"which": thread, "worker": worker, "now": now, "until": now + seconds}
        with self._database.writing() as connection:
            insert_once(connection, letter_threads, {"thread": thread, "lease_token": 0})
            token = connection.execute(CLAIM, asked).scalar()
        if token is None:
            return None
        return Lease(deployment="", worker=worker, token=token, until=now + seconds, thread=thread)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same right for `seconds` from now. Raises LeaseLost."""
        now = self._database.clock()
        with self._database.writing() as connection:
            hold(connection, lease, now)
            connection.execute(RENEW, {"which": lease.thread, "until": now + seconds})
        return lease.model_copy(update={"until": now + seconds})

    def release(self, lease: Lease, rest: float, asked: float = 0.0) -> None:
        """Give it back, where it is still ours; what is still owed is tried after `rest` seconds."""
        now = self._database.clock()
        with self._database.writing() as connection:
            connection.execute(LOCK, {"which": lease.thread})
            is_owed = connection.execute(OF_THREAD, {"whose": lease.thread}).first() is not None
            then = now + rest if is_owed else None
            until = now + asked if asked else None
            given = {"which": lease.thread, "token": lease.token, "then": then, "asked": until}
            connection.execute(RELEASE, given)

    def hurry(self) -> None:
        """Make what rests due at once, unless somebody asked for the rest."""
        now = {"now": self._database.clock()}
        with self._database.reading() as connection:
            rests = connection.execute(RESTS, now).first() is not None
        if rests:
            with self._database.writing() as connection:
                connection.execute(HURRY, now)

    def failed(self, lease: Lease, letter: Letter, why: str) -> None:
        """It could not be told this time. Raises LeaseLost."""
        with self._database.writing() as connection:
            hold(connection, lease, self._database.clock())
            connection.execute(FAILED, {"which": letter.number, "reason": _short(why)})

    def ended(self, lease: Lease, letter: Letter, end: LetterEnd, why: str = "") -> None:
        """It is told, or given up; the story says so. Raises LeaseLost."""
        now = self._database.clock()
        with self._database.writing() as connection:
            hold(connection, lease, now)
            asked = {"which": letter.number, "now": now, "how": end, "reason": _short(why)}
            if connection.execute(END, asked).rowcount == 0:
                raise LeaseLost(letter.deployment, lease.token)
            kind = "not_told" if end is LetterEnd.GIVEN_UP else "told_late"
            text = f"{letter.kind} {end.replace('_', ' ')}{f': {why}' if why else ''}"
            events.append(connection, letter.deployment, letter.stage, kind, text, at=now)


def _wake(connection: Connection, thread: str, then: float, asked: float | None) -> None:
    """The thread is due then, unless something before this is due at another time."""
    new = {"thread": thread, "next_at": then, "asked_until": asked, "lease_token": 0}
    if insert_once(connection, letter_threads, new) is None:
        connection.execute(
            LOCK, {"which": thread}
        )  # whoever gives it back just now sees this letter, or we that
        connection.execute(WAKE, {"which": thread, "then": then, "asked": asked})


def _short(why: str) -> str:
    return clipped(clean(why), MOST_WHY)
