"""Model calls: every request to a model, and the purse that it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, text, update

from orchestrate.errors import PurseEmpty
from orchestrate.models.model_call import CallState, ModelCall, NewCall, Purse, Tokens
from orchestrate.store.database import Database
from orchestrate.store.model_tables import model_calls
from orchestrate.store.rows import clean, clean_json

rows = model_calls.c

ALONE = 7_203_415_088
"""The advisory lock of whoever takes from a purse, on PostgreSQL: two who look at once see the same sum."""

TOKENS = rows.fresh + rows.cache_write + rows.cache_read + rows.output
OF = select(model_calls).where(rows.deployment == bindparam("whose")).order_by(rows.number)
TAKEN = (
    select(
        rows.role,
        func.count().label("requests"),
        func.sum(TOKENS).label("tokens"),
        func.sum(rows.micros).label("micros"),
    )
    .where(rows.deployment == bindparam("whose"))
    .group_by(rows.role)
)
ASK = insert(model_calls).returning(rows.number)
END = (
    update(model_calls)
    .where(rows.number == bindparam("which"))
    .values(
        state=bindparam("now"),
        why=bindparam("reason"),
        fresh=bindparam("read"),
        cache_write=bindparam("cached"),
        cache_read=bindparam("known"),
        output=bindparam("written"),
        micros=bindparam("cost"),
        answer=bindparam("said"),
        took=bindparam("seconds"),
    )
)
ANSWER = (
    select(rows.answer)
    .where(rows.deployment == bindparam("whose"), rows.question == bindparam("what"))
    .where(rows.state == CallState.ANSWERED)
    .order_by(rows.number)
    .limit(1)
)


class ModelCalls:
    """Remembers what was asked and what it cost, whichever worker asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, call: NewCall, whole: Purse, own: Purse) -> int:
        """Take the most that `call` can cost out of both purses, the deployment's and the role's; its number.

        Raises PurseEmpty where one of them does not hold that much.
        """
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ALONE})
            taken = {row["role"]: row for row in _taken(connection, call.deployment)}
            _check(call, whole, list(taken.values()), "this deployment")
            _check(call, own, [taken[call.role]] if call.role in taken else [], f"the {call.role} in it")
            values = call.model_dump(exclude={"most", "most_micros"}) | call.most.model_dump()
            values |= {"state": CallState.ASKED, "why": "", "micros": call.most_micros}
            number = connection.execute(
                ASK, values | {"answer": None, "at": self._database.clock(), "took": None}
            )
            return int(number.scalar_one())

    def answered(self, number: int, tokens: Tokens, micros: int, answer: str, took: float) -> None:
        """It was answered, in `took` seconds."""
        self._end(number, CallState.ANSWERED, tokens, micros, took, answer=clean_json(answer))

    def looked(self, number: int, tokens: Tokens, micros: int, what: str, took: float) -> None:
        """It wanted to see something first, after `took` seconds."""
        self._end(number, CallState.LOOKED, tokens, micros, took, why=clean(what))

    def failed(self, number: int, tokens: Tokens, micros: int, why: str, took: float) -> None:
        """It gave no usable answer, after `took` seconds."""
        self._end(number, CallState.FAILED, tokens, micros, took, why=clean(why))

    def answer(self, deployment: str, question: str) -> str | None:
        """What was answered to the very same question, so that a step that begins again pays nothing."""
        with self._database.reading() as connection:
            found = connection.execute(ANSWER, {"whose": deployment, "what": question}).scalar()
        return None if found is None else str(found)

    def of(self, deployment: str) -> tuple[ModelCall, ...]:
        """Every request of a deployment, in their order."""
        with self._database.reading() as connection:
            return tuple(_call(row) for row in connection.execute(OF, {"whose": deployment}).mappings())

    def _end(  # noqa: PLR0913 - one per column
        self,
        number: int,
        state: CallState,
        tokens: Tokens,
        micros: int,
        took: float,
        *,
        why: str = "",
        answer: str | None = None,
    ) -> None:
        values = {
            "which": number,
            "now": state,
            "reason": why,
            "cost": micros,
            "said": answer,
            "seconds": took,
        }
        values |= {"read": tokens.fresh, "cached": tokens.cache_write}
        values |= {"known": tokens.cache_read, "written": tokens.output}
        with self._database.writing() as connection:
            connection.execute(END, values)


def _taken(connection: Connection, deployment: str) -> list[Mapping[str, object]]:
    found = connection.execute(TAKEN, {"whose": deployment}).mappings()
    return [dict(row) for row in found]


def _check(call: NewCall, purse: Purse, taken: list[Mapping[str, object]], whose: str) -> None:
    requests, tokens, micros = (_sum(taken, name) for name in ("requests", "tokens", "micros"))
    if requests + 1 > purse.requests:
        raise PurseEmpty(f"{whose} asked a model {requests} times, of {purse.requests}")
    if tokens + call.most.all > purse.tokens:
        raise PurseEmpty(f"{whose} used {tokens} of {purse.tokens} tokens, and this may take {call.most.all}")
    if micros + call.most_micros > purse.micros:
        of = f"{micros} of {purse.micros}"
        raise PurseEmpty(f"{whose} spent {of} millionths of a dollar, and this may cost {call.most_micros}")


def _sum(taken: list[Mapping[str, object]], name: str) -> int:
    return sum(int(str(row[name])) for row in taken)


def _call(row: RowMapping) -> ModelCall:
    tokens = Tokens.model_validate({name: row[name] for name in Tokens.model_fields})
    columns = {name: row[name] for name in ModelCall.model_fields if name != "tokens"}
    return ModelCall.model_validate(columns | {"tokens": tokens})
