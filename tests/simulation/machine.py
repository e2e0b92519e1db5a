"""V8–V16: what holds of all releases together, and of the machine that carries them out."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Kind, Outcome, Status
from orchestrate.models.effect import EffectState
from tests.simulation.record import Fate, Record
from tests.simulation.record import Request as Sent
from tests.simulation.wire import UNBLOCKED

SENT = 15.0
"""Seconds from the last look at the switch to the request: in between it is seen whether it happened."""


def v8(record: Record) -> Iterator[str]:
    """At most one deployment at a time is active in an environment: the audit shows no second holder, and
    whatever changes the place is done by its holder."""
    holders: dict[str, str] = {}
    for entry in record.audit:
        place = entry.facts.get("environment", "")
        if entry.kind is AuditKind.LOCKED:
            if holders.get(place, entry.deployment) != entry.deployment:
                yield f"{place} was given to {entry.deployment} while {holders[place]} held it"
            holders[place] = entry.deployment
        elif entry.kind is AuditKind.FREED:
            holders.pop(place, None)
    for one in record.writes:
        if one.system.startswith("provider") and one.has_changed and one.holder != one.deployment:
            yield f"#{one.number} {one.words} of {one.deployment}, and {one.holder or 'nobody'} held it"


def v9(record: Record) -> Iterator[str]:
    """The fencing tokens of a deployment never fall in the order in which its effects reach the outside."""
    highest: dict[str, Sent] = {}
    for one in sorted(record.writes, key=lambda sent: sent.arrived):
        if not one.arrived or not one.deployment:
            continue
        last = highest.get(one.deployment, one)
        if one.token < last.token and one.has_changed:
            yield f"#{one.number} under lease {one.token} came after #{last.number} under {last.token}"
        highest[one.deployment] = max(last, one, key=lambda sent: sent.token)


def v10(record: Record) -> Iterator[str]:
    """Every deployment comes to an end within its time once the troubles are over: nothing is stuck."""
    if record.settled >= record.bound:
        yield f"after {record.settled:.0f} s it was not over"
    for row in record.rows:
        if row.status is not Status.FINISHED:
            yield f"{row.id} is {row.status} at {row.stage}, waiting for {row.waits_for}"


def v11(record: Record) -> Iterator[str]:
    """No retry storm: a request to change something is made again only after a reason (it failed, or who
    made it was gone), and whoever was told to wait waits."""
    last: dict[str, Sent] = {}
    for one in record.writes:
        before = last.get(one.op)
        if one.op and before is not None and not one.op.startswith(UNBLOCKED):
            yield from _hasty(one, before)
        last[one.op] = one
    yield from _impatient(record)


def _impatient(record: Record) -> Iterator[str]:
    """Only a person who speaks is heard sooner; outside of deployments, a rest binds who was told alone."""
    quiet: dict[tuple[str, ...], Sent] = {}
    for one in record.writes:
        asked = (one.system, one.op, one.worker if one.op.startswith(UNBLOCKED) else "")
        before = quiet.get(asked)
        if before is not None and _is_impatient(record, one, before):
            yield f"#{one.number} came before {before.quiet_until:.0f} s, as #{before.number} was told"
        quiet[asked] = one


def _is_impatient(record: Record, one: Sent, before: Sent) -> bool:
    is_called = any(before.at <= said.at <= one.at for said in record.spoken)
    skipped = sum(by for at, by in record.jumps if before.at <= at <= one.at and by > 0)  # on every clock
    return one.at + skipped < before.quiet_until and not is_called


def _hasty(one: Sent, before: Sent) -> Iterator[str]:
    is_same = (one.worker, one.token) == (before.worker, before.token)
    if before.fate is Fate.ANSWERED and is_same:
        yield f"#{one.number} repeats #{before.number} of {one.op}, which was answered"


def v12(record: Record) -> Iterator[str]:
    """The audit verifies, it holds every effect, and it held the intent before each request was sent."""
    if record.audit_broken:
        yield f"the audit is broken: {record.audit_broken}"
    for one in record.writes:
        if one.op and not one.is_told:
            yield f"#{one.number} {one.op} was sent before the audit knew of it"
    told = {f"{one.deployment}/{one.facts['key']}" for one in record.audit if one.kind is AuditKind.INTENT}
    yield from (f"{one.key} is in no entry" for one in record.effects if one.key not in told)
    done = {f"{one.deployment}/{one.facts['key']}" for one in record.audit if one.kind is AuditKind.DONE}
    yield from (
        f"{one.key} is done, and no entry says so"
        for one in record.effects
        if one.state is EffectState.DONE and one.key not in done
    )


def v13(record: Record) -> Iterator[str]:
    """A deployment that is held shows people exactly one reason: one open question while it waits for
    them, and one told occasion when it ended."""
    for one in record.asked:
        if one.open_questions != 1:
            yield f"{one.deployment} waited at {one.at:.0f} with {one.open_questions} open questions"
    for row in record.rows:
        if row.status is Status.FINISHED and not row.reason:
            yield f"{row.id} ended {row.outcome} without a reason"
        if row.status is Status.FINISHED and record.reasons[row.id] not in _occasions(record, row):
            yield f"{row.id} ended {row.outcome}, and people were told on {record.reasons[row.id]} occasions"


def _occasions(record: Record, row: Deployment) -> tuple[int, ...]:
    """On how many occasions people may have been told: who cancelled by hand knows; one that could not end as
    it had told is parked, which is told too."""
    if row.outcome is Outcome.CANCELLED and not row.request.task:
        return (0, 1)
    return (1, 2) if row.outcome is Outcome.PARKED else (1,)


def v14(record: Record) -> Iterator[str]:
    """When everything has ended, no lock, no lease, no position, no open watch or question, and no draft of
    a file is left."""
    yield from record.left


def v15(record: Record) -> Iterator[str]:
    """No decision looks at the machine's clock: time is told to whoever decides."""
    yield from record.clocks


def v16(record: Record) -> Iterator[str]:
    """A secret that the outside told is written down nowhere: no row, position, report, comment or task."""
    yield from record.canaries


def stop(record: Record) -> Iterator[str]:
    """While a person has stopped effects none begins: only undos may, unless everything is stopped."""
    back = {row.id for row in record.rows if row.request.kind is Kind.ROLLBACK}
    for one in record.writes:
        for halt in record.stopped:
            is_undo = "/undo/" in one.op or one.deployment in back
            if halt.since + SENT < one.at < halt.until and (halt.everything or not is_undo):
                yield f"#{one.number} {one.op} was sent at {one.at:.0f}, after the stop at {halt.since:.0f}"


def own(record: Record) -> Iterator[str]:
    """No exception of ours came up anywhere."""
    yield from record.faults
