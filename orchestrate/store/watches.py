"""Watches: what is measured while a release is looked at, and what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Connection, Float, RowMapping, bindparam, func, insert, select, update

from orchestrate.errors import UnknownWatch
from orchestrate.models.sample import Counters, Judgement, Sample, Verdict
from orchestrate.models.watch import Prior, Watch
from orchestrate.store.database import Database
from orchestrate.store.driving import wake
from orchestrate.store.rows import Value, fact, insert_once
from orchestrate.store.tables import deployments
from orchestrate.store.watch_tables import samples, watches

rows = watches.c
UNKNOWN = Prior()
TOTALS: TypeAdapter[dict[str, Counters]] = TypeAdapter(dict[str, Counters])

BY_ID = select(watches).where(rows.id == bindparam("watched"))
LOCK_OWNER = (
    select(deployments.c.id)
    .where(
        deployments.c.id == select(rows.deployment).where(rows.id == bindparam("watched")).scalar_subquery()
    )
    .with_for_update()
)
OF = select(watches).where(rows.deployment == bindparam("whose")).order_by(rows.opened_at, rows.id)
OPEN = OF.where(rows.closed_at.is_(None))
ACTIVE = (
    select(watches)
    .where(rows.closed_at.is_(None), rows.next_at <= bindparam("now"))
    .order_by(rows.next_at, rows.id)
)
FINAL = (
    select(watches)
    .where(
        rows.environment == bindparam("place"),
        rows.component == bindparam("part"),
        rows.slot == bindparam("where"),
        rows.final,
        rows.opened_at < bindparam("now"),
    )
    .order_by(rows.opened_at.desc(), rows.id.desc())
    .limit(1)
)
FINALS = (
    select(watches)
    .where(
        rows.environment == bindparam("place"),
        rows.component == bindparam("part"),
        rows.final,
        rows.opened_at < bindparam("now"),
    )
    .order_by(rows.opened_at.desc(), rows.id.desc())
    .limit(bindparam("most"))
)
SERVED = (
    select(rows.deployment, rows.slot, rows.baseline, rows.opened_at, samples.c.sample)
    .join_from(samples, watches, samples.c.watch == rows.id)
    .where(
        rows.deployment.in_(bindparam("whose", expanding=True)),
        rows.component == bindparam("part"),
        rows.share > 0,
    )
    .order_by(samples.c.at, samples.c.number)
)
CLAIM = (
    update(watches)
    .where(rows.id == bindparam("watched"), rows.next_at == bindparam("expected"), rows.closed_at.is_(None))
    .values(next_at=bindparam("moment"))
)
COUNTED = update(watches).where(rows.id == bindparam("watched")).values(totals=bindparam("counters"))
JUDGE = update(watches).where(rows.id == bindparam("watched")).values(judgement=bindparam("verdict"))
EXTEND = (
    update(watches)
    .where(rows.id == bindparam("watched"))
    .values(
        until=bindparam("end"),
        opened_at=func.coalesce(bindparam("anew", type_=Float), rows.opened_at),
        extended=True,
    )
)
CLOSE = (
    update(watches)
    .where(rows.id == bindparam("watched"), rows.closed_at.is_(None))
    .values(closed_at=bindparam("now"))
)
CLOSE_ALL = (
    update(watches)
    .where(rows.deployment == bindparam("whose"), rows.closed_at.is_(None))
    .values(closed_at=bindparam("now"))
)
MEASURE = insert(samples)
MEASURED = (
    select(samples.c.sample)
    .where(samples.c.watch == bindparam("watched"), samples.c.at >= bindparam("since"))
    .order_by(samples.c.at, samples.c.number)
)


class Served(NamedTuple):
    """A sample of a slot with traffic, or of the one that it was compared with."""

    deployment: str
    slot: str  # that is watched
    baseline: str | None
    opened_at: float  # epoch seconds: of its watch
    sample: Sample


class Watches:
    """Keeps what the sampler measured, and wakes a deployment when a verdict ends its wait."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(  # noqa: PLR0913  one word per field of the fact, as the graph gives them
        self,
        *,
        id: str,
        deployment: str,
        environment: str,
        component: str,
        slot: str,
        baseline: str | None,
        opened_at: float,
        until: float,
        interval: int,
        share: int,
        final: bool = False,
        next_at: float | None = None,
        prior: Prior = UNKNOWN,
    ) -> Watch:
        """Begin to watch, at once or at `next_at`; an id that is known gives that watch as it stands."""
        row: dict[str, Value] = {
            "id": id,
            "deployment": deployment,
            "environment": environment,
            "component": component,
            "slot": slot,
            "baseline": baseline,
            "opened_at": opened_at,
            "until": until,
            "interval": interval,
            "share": share,
            "final": final,
            "extended": False,
            "next_at": opened_at if next_at is None else next_at,
            "totals": "{}",
            "prior": prior.model_dump_json(exclude_defaults=True),
        }
        with self._database.writing() as connection:
            insert_once(connection, watches, row)
            return _found(connection, id)

    def watch(self, id: str) -> Watch:
        """One watch. Raises UnknownWatch."""
        with self._database.reading() as connection:
            return _found(connection, id)

    def of(self, deployment: str) -> tuple[Watch, ...]:
        """A deployment's watches, oldest first."""
        with self._database.reading() as connection:
            return tuple(_watch(row) for row in connection.execute(OF, {"whose": deployment}).mappings())

    def open_of(self, deployment: str) -> tuple[Watch, ...]:
        """Those of a deployment that are measured, oldest first."""
        with self._database.reading() as connection:
            return tuple(_watch(row) for row in connection.execute(OPEN, {"whose": deployment}).mappings())

    def last_final(self, environment: str, component: str, slot: str, before: float) -> Watch | None:
        """The newest watch over a slot with all the traffic that was opened before that moment, or None."""
        asked = {"place": environment, "part": component, "where": slot, "now": before}
        with self._database.reading() as connection:
            row = connection.execute(FINAL, asked).mappings().first()
            return None if row is None else _watch(row)

    def finals(self, environment: str, component: str, before: float, most: int) -> tuple[Watch, ...]:
        """The newest watches over whichever slot had all the traffic, opened before that moment."""
        asked = {"place": environment, "part": component, "now": before, "most": most}
        with self._database.reading() as connection:
            return tuple(_watch(row) for row in connection.execute(FINALS, asked).mappings())

    def served(self, deployments: Sequence[str], component: str) -> tuple[Served, ...]:
        """What was measured of a component in these deployments while it had traffic, oldest first."""
        asked = {"whose": list(deployments), "part": component}
        with self._database.reading() as connection:
            found = connection.execute(SERVED, asked).all()
        return tuple(
            Served(whose, slot, baseline, opened_at, Sample.model_validate_json(text))
            for whose, slot, baseline, opened_at, text in found
        )

    def active(self, now: float) -> tuple[Watch, ...]:
        """Open ones whose next sample is due, the longest due first."""
        with self._database.reading() as connection:
            return tuple(_watch(row) for row in connection.execute(ACTIVE, {"now": now}).mappings())

    def claim(self, id: str, due: float, next_at: float) -> bool:
        """Take the sample that was due at `due`, and set when the next is; False when another did."""
        asked = {"watched": id, "expected": due, "moment": next_at}
        with self._database.writing() as connection:
            return connection.execute(CLAIM, asked).rowcount == 1

    def sampled(
        self,
        id: str,
        taken: Sequence[Sample],
        totals: Mapping[str, Counters],
        judgement: Judgement | None = None,
    ) -> None:
        """Keep what was measured, the slots' counters that the next sample is measured from, and a verdict.

        The verdict does what `judge` says. A closed watch stays as it is: what was measured meanwhile came
        too late for it. Raises UnknownWatch.
        """
        values = [{"watch": id, "at": one.at, "sample": text_of(one)} for one in taken]
        with self._database.writing() as connection:
            watch = _found(connection, id) if judgement is None else _owned(connection, id)
            if watch.closed_at is not None:
                return
            if judgement is not None:
                _judge(connection, watch, judgement, self._database.clock())
            if values:
                connection.execute(MEASURE, values)
            connection.execute(COUNTED, {"watched": id, "counters": TOTALS.dump_json(dict(totals)).decode()})

    def samples(self, id: str, since: float = 0) -> tuple[Sample, ...]:
        """What was measured from `since` (epoch seconds) on, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(MEASURED, {"watched": id, "since": since}).scalars()
            return tuple(Sample.model_validate_json(text) for text in found)

    def judge(self, id: str, judgement: Judgement) -> None:
        """Keep the verdict; a failure stays. It wakes the deployment, as a new alert and the end do.

        A closed watch keeps what was decided on. Raises UnknownWatch.
        """
        with self._database.writing() as connection:
            _judge(connection, _owned(connection, id), judgement, self._database.clock())

    def extend(self, id: str, until: float, since: float | None = None) -> Watch:
        """Watch longer, to `until`; with `since`, its time is counted anew from there (epoch seconds).

        Raises UnknownWatch.
        """
        with self._database.writing() as connection:
            connection.execute(EXTEND, {"watched": id, "end": until, "anew": since})
            return _found(connection, id)

    def close(self, id: str, decided: Judgement | None = None) -> None:
        """Measure no more; what was `decided` on is the last word of the watch, with its numbers."""
        with self._database.writing() as connection:
            if decided is not None:
                _judge(connection, _owned(connection, id), decided, self._database.clock())
            connection.execute(CLOSE, {"watched": id, "now": self._database.clock()})


def close_all(connection: Connection, deployment: str, now: float) -> None:
    """Close a deployment's watches, in this transaction."""
    connection.execute(CLOSE_ALL, {"whose": deployment, "now": now})


def _owned(connection: Connection, id: str) -> Watch:
    """The watch, while its deployment is woken by nobody else."""
    connection.execute(LOCK_OWNER, {"watched": id})
    return _found(connection, id)


def _judge(connection: Connection, watch: Watch, judgement: Judgement, now: float) -> None:
    if watch.is_bad or watch.closed_at is not None:
        return
    connection.execute(JUDGE, {"watched": watch.id, "verdict": judgement.model_dump_json()})
    known = watch.judgement.named_alerts if watch.judgement else {}
    is_news = not judgement.named_alerts.keys() <= known.keys()
    if judgement.verdict is not Verdict.INCONCLUSIVE or is_news or now >= watch.until:
        wake(connection, (watch.deployment,))


def _found(connection: Connection, id: str) -> Watch:
    row = connection.execute(BY_ID, {"watched": id}).mappings().first()
    if row is None:
        raise UnknownWatch(id)
    return _watch(row)


def text_of(sample: Sample) -> str:
    """The sample as its row keeps it."""
    return sample.model_dump_json(exclude_defaults=True)


def _watch(row: RowMapping) -> Watch:
    verdict = row["judgement"]
    judgement = Judgement.model_validate_json(verdict) if verdict else None
    totals, prior = TOTALS.validate_json(row["totals"]), Prior.model_validate_json(row["prior"])
    return fact(Watch, row, judgement=judgement, totals=totals, prior=prior)
