"""Questions: what people are asked, who approved, and the one answer that counts."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, Select, bindparam, or_, select, update

from orchestrate.errors import AlreadyDecided, EffectRefused, UnknownQuestion
from orchestrate.models.deployment import Decision, DecisionKind, Lease, Status
from orchestrate.models.question import Question
from orchestrate.store import told
from orchestrate.store.database import Database
from orchestrate.store.driving import hold, lock, wake
from orchestrate.store.rows import Value, fact, insert_once, short_id
from orchestrate.store.tables import UNFINISHED, deployments, locks, questions

rows = questions.c
APPROVALS = TypeAdapter(tuple[Decision, ...])

BY_ID = select(questions).where(rows.id == bindparam("asked"))
SAME = select(questions).where(
    rows.deployment == bindparam("whose"),
    rows.gate_kind == bindparam("gate"),
    rows.plan_hash == bindparam("hash"),
)
FOR_DEPLOYMENT = (
    select(questions).where(rows.deployment == bindparam("whose")).order_by(rows.opened_at, rows.id)
)
UNANSWERED = select(questions).where(rows.unanswered.is_(True)).order_by(rows.opened_at, rows.id)
UNUSED = (
    select(questions)
    .where(rows.unanswered.is_(False), rows.task == bindparam("thread"))
    .where(rows.decision.is_not(None), rows.consumed_at.is_(None), rows.closed.is_(None))
    .order_by(rows.opened_at, rows.id)
)
ON_THREAD = (
    select(questions)
    .where(rows.unanswered.in_([True, False]), rows.task == bindparam("thread"))
    .order_by(rows.opened_at, rows.id)
)
DECIDE = (
    update(questions)
    .where(rows.id == bindparam("asked"))
    .values(decision=bindparam("answer"), approvals=bindparam("counted"), unanswered=False)
)
COUNT = update(questions).where(rows.id == bindparam("asked")).values(approvals=bindparam("counted"))
CONSUME = update(questions).where(rows.id == bindparam("asked")).values(consumed_at=bindparam("now"))
REMINDED = update(questions).where(rows.id == bindparam("asked")).values(reminded=True)
CLOSE = (
    update(questions)
    .where(rows.id == bindparam("asked"), rows.closed.is_(None), rows.consumed_at.is_(None))
    .values(closed=bindparam("why"), unanswered=False)
)
CLOSE_ALL = (
    update(questions)
    .where(rows.deployment == bindparam("whose"), rows.unanswered.is_(True))
    .values(closed=bindparam("why"), unanswered=False)
)
CANDIDATES = (
    select(deployments.c.id)
    .where(
        UNFINISHED,
        deployments.c.environment == bindparam("place"),
        deployments.c.service == bindparam("what"),
        deployments.c.id < bindparam("newer"),
        deployments.c.id.not_in(select(locks.c.deployment)),
        deployments.c.id.in_(
            select(rows.deployment).where(
                rows.closed.is_(None),
                rows.consumed_at.is_(None),
                or_(rows.unanswered.is_(True), deployments.c.status == Status.WAITING),
            )
        ),
    )
    .order_by(deployments.c.id)
    .with_for_update()
)
SUPERSEDE = (
    update(questions)
    .where(rows.deployment == bindparam("whose"), rows.closed.is_(None), rows.consumed_at.is_(None))
    .values(closed=bindparam("why"), unanswered=False)
)


class Questions:
    """Asks once, takes one answer by compare-and-set, and lets an approval be used once."""

    def __init__(self, database: Database, new_id: Callable[[str], str] = short_id) -> None:
        self._database, self._new_id = database, new_id

    def open(  # noqa: PLR0913  one parameter per field of the question, as the API gives them
        self,
        deployment: str,
        gate_kind: str,
        plan_hash: str,
        head: str | None,
        tree: str | None,
        task: str | None,
        expires: float,
        remind_at: float | None,
        needed: int = 1,
    ) -> Question:
        """Ask; the same gate of the same deployment and plan is the same question. `needed`: persons."""
        same = {"whose": deployment, "gate": gate_kind, "hash": plan_hash}
        row: dict[str, Value] = {
            "deployment": deployment,
            "gate_kind": gate_kind,
            "plan_hash": plan_hash,
            "head": head,
            "tree": tree,
            "task": task,
            "opened_at": self._database.clock(),
            "expires": expires,
            "remind_at": remind_at,
            "reminded": False,
            "unanswered": True,
            "needed": needed,
            "approvals": "[]",
        }
        with self._database.writing() as connection:
            found = connection.execute(SAME, same).mappings().first()
            while found is None:  # a short id may be taken
                insert_once(connection, questions, {**row, "id": self._new_id("Q")})
                found = connection.execute(SAME, same).mappings().first()
        return _question(found)

    def question(self, id: str) -> Question:
        """One question. Raises UnknownQuestion."""
        with self._database.reading() as connection:
            return _found(connection, BY_ID, id)

    def for_deployment(self, deployment: str) -> tuple[Question, ...]:
        """All that was asked for a deployment, oldest first."""
        return self._all(FOR_DEPLOYMENT, {"whose": deployment})

    def on_thread(self, task: str) -> tuple[Question, ...]:
        """All that was ever asked on a task's thread, oldest first."""
        return self._all(ON_THREAD, {"thread": task})

    def unused(self, task: str) -> tuple[Question, ...]:
        """What was answered on a task's thread and can still be answered otherwise, oldest first."""
        return self._all(UNUSED, {"thread": task})

    def unanswered(self, task: str | None = None) -> tuple[Question, ...]:
        """What waits for an answer (on one task's thread), oldest first."""
        return self._all(UNANSWERED if task is None else UNANSWERED.where(rows.task == task), {})

    def decide(self, id: str, decision: Decision) -> bool:
        """Store the answer and wake the deployment; False when the same person said the same before.

        An approval decides once as many persons gave theirs as are needed; a hold or rollback decides at
        once, and takes the place of an approval that was not used yet. Raises AlreadyDecided where the
        question has another answer, is closed or expired, or is about another plan.
        """
        with self._database.writing() as connection:
            before = _locked(connection, id)
            if not _counts(before, decision, self._database.clock()):
                return False
            told.decided(connection, before, decision)
            after = _with(before, decision)
            counted = {"asked": id, "counted": APPROVALS.dump_json(after.approvals).decode()}
            if after.decision is None:
                connection.execute(COUNT, counted)
                return True
            connection.execute(DECIDE, {**counted, "answer": after.decision.model_dump_json()})
            wake(connection, (before.deployment,))
            return True

    def consume(self, id: str, lease: Lease, kind: DecisionKind = DecisionKind.APPROVED) -> Question:
        """Use the answer, once; using it again changes nothing.

        Raises LeaseLost, UnknownQuestion, and EffectRefused where the answer is not `kind` (any more), or
        the question was closed or expired before its answer was used.
        """
        now = self._database.clock()
        with self._database.writing() as connection:
            hold(connection, lease, now)
            question = _found(connection, BY_ID.with_for_update(), id)
            if question.consumed_at is not None:
                return question
            _check_usable(question, kind, now)
            connection.execute(CONSUME, {"asked": id, "now": now})
            told.used(connection, question, lease)
            return question.model_copy(update={"consumed_at": now})

    def close(self, id: str, why: str) -> None:
        """Take no answer any more, and wake who waits for one; one that was used stays as it is."""
        with self._database.writing() as connection:
            asked = _locked(connection, id)
            if connection.execute(CLOSE, {"asked": id, "why": why}).rowcount:
                wake(connection, (asked.deployment,))

    def reminded(self, id: str) -> None:
        """The reminder went out."""
        with self._database.writing() as connection:
            connection.execute(REMINDED, {"asked": id})

    def supersede(self, environment: str, service: str, newer: str) -> tuple[str, ...]:
        """Close the unused questions of older candidates, wake them, and name them.

        A deployment that holds the environment is no candidate.
        """
        asked = {"place": environment, "what": service, "newer": newer}
        with self._database.writing() as connection:
            older = connection.execute(CANDIDATES, asked).scalars().all()
            for deployment in older:
                connection.execute(SUPERSEDE, {"whose": deployment, "why": f"superseded by {newer}"})
            wake(connection, older)
        return tuple(older)

    def _all(self, statement: Select[*tuple[object, ...]], asked: dict[str, str]) -> tuple[Question, ...]:
        with self._database.reading() as connection:
            return tuple(_question(row) for row in connection.execute(statement, asked).mappings())


def close_all(connection: Connection, deployment: str, why: str) -> None:
    """Close what a deployment still asks, in this transaction."""
    connection.execute(CLOSE_ALL, {"whose": deployment, "why": why})


def _counts(question: Question, decision: Decision, now: float) -> bool:
    before = question.decision
    if question.was_said(decision.kind, decision.by):
        return False
    if question.closed is not None:
        raise AlreadyDecided(f"question {question.id} is closed: {question.closed}")
    if before is not None and not _may_replace(question, decision):
        raise AlreadyDecided(f"question {question.id} was answered {before.kind} by {before.by}")
    if now >= question.expires:
        raise AlreadyDecided(f"question {question.id} has expired", cure="start the deployment again")
    if decision.plan_hash != question.plan_hash:
        raise AlreadyDecided(
            f"question {question.id} is about plan {question.plan_hash[:12]}, the answer about another",
            cure="read the plan again, then answer",
        )
    return True


def _with(question: Question, decision: Decision) -> Question:
    """The question with one more answer, which decides it or is counted."""
    if decision.kind is not DecisionKind.APPROVED:
        return question.model_copy(update={"decision": decision})
    given = question.model_copy(update={"approvals": (*question.approvals, decision)})
    is_enough = len(given.approved_by) >= question.needed
    return given.model_copy(update={"decision": decision}) if is_enough else given


def _may_replace(question: Question, decision: Decision) -> bool:
    """Hold and rollback beat an approval until it is used."""
    is_unused = question.decision is not None and question.consumed_at is None
    was_approved = question.decision is not None and question.decision.kind is DecisionKind.APPROVED
    return is_unused and was_approved and decision.kind is not DecisionKind.APPROVED


def _check_usable(question: Question, kind: DecisionKind, now: float) -> None:
    answer = question.decision.kind if question.decision else None
    if question.closed is not None:
        raise EffectRefused(question.gate_kind, f"question {question.id} is closed: {question.closed}")
    if answer is not kind:
        raise EffectRefused(
            question.gate_kind, f"the answer to {question.id} is {answer or 'missing'}, not {kind}"
        )
    if kind is DecisionKind.APPROVED and len(question.approved_by) < question.needed:
        raise EffectRefused(question.gate_kind, f"{question.id} needs {question.needed} persons' approval")
    if now >= question.expires:
        raise EffectRefused(question.gate_kind, f"the answer to {question.id} expired before it was used")


def _locked(connection: Connection, id: str) -> Question:
    """The question, with its deployment's row locked first and then its own."""
    lock(connection, _found(connection, BY_ID, id).deployment)
    return _found(connection, BY_ID.with_for_update(), id)


def _found(connection: Connection, statement: Select[*tuple[object, ...]], id: str) -> Question:
    row = connection.execute(statement, {"asked": id}).mappings().first()
    if row is None:
        raise UnknownQuestion(id)
    return _question(row)


def _question(row: RowMapping) -> Question:
    answer = row["decision"]
    return fact(
        Question,
        row,
        decision=Decision.model_validate_json(answer) if answer else None,
        approvals=APPROVALS.validate_json(row["approvals"]),
    )
