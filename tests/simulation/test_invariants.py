"""Each invariant can fail: a record that was broken on purpose is noticed by the one that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Outcome, Status
from orchestrate.models.effect import EffectState
from orchestrate.models.sample import Verdict
from tests.simulation.evidence import looks_at_the_clock
from tests.simulation.invariants import INVARIANTS, violated
from tests.simulation.record import Asked, Destroyed, Fate, Live, Record, Stopped
from tests.simulation.simulation import run
from tests.simulation.troubles import Trouble


@cache
def good() -> Record:
    """A run in which a change was approved, merged, judged and deployed."""
    several = (run(seed, (Trouble.SLOW,)) for seed in range(1, 20))
    record = next(one for one in several if one.judged and any(merge.needed for merge in one.merges))
    assert violated(record) == []
    return replace(record, merges=[one for one in record.merges if one.needed])


def first_merge(record: Record, **news: object) -> Record:
    return replace(record, merges=[replace(record.merges[0], **news), *record.merges[1:]])  # pyright: ignore[reportArgumentType]


def with_write(record: Record, **news: object) -> Record:
    """One more request: the first that changed a place, and what is new about it."""
    one = next(sent for sent in record.writes if sent.has_changed and sent.system.startswith("provider"))
    number = max(record.requests) + 1
    more = replace(one, number=number, arrived=10**6, **news)  # pyright: ignore[reportArgumentType]
    return replace(record, requests={**record.requests, number: more})


def with_row(record: Record, **news: object) -> Record:
    changed = record.rows[0].model_copy(update=news)
    return replace(record, rows=(changed, *record.rows[1:]))


def prettier(record: Record) -> Record:
    judged = record.judged[0]
    verdict = judged.judgement.model_copy(update={"verdict": Verdict.FAIL, "sentence": "it felt bad"})
    return replace(record, judged=[replace(judged, judgement=verdict)])


def unfinished(record: Record) -> Record:
    deployed = next(row.id for row in record.rows if row.outcome is Outcome.DEPLOYED)
    one = next(effect for effect in record.effects if effect.deployment == deployed)
    return replace(record, effects=(one.model_copy(update={"state": EffectState.INTENT}),))


def never_seen(record: Record) -> Record:
    return replace(record, comments=())


def said_no(record: Record) -> Record:
    changed = [replace(said, at=0.0, kind="hold") for said in record.spoken]
    return replace(record, spoken=changed, used=dict.fromkeys(record.used, 100.0))


def unwatched(record: Record) -> Record:
    kept = tuple(one for one in record.events if one.kind != "verdict")
    return replace(record, events=kept)


def elsewhere(record: Record) -> Record:
    deployment = record.rows[0].id
    before = Live(deployment, "web", "a" * 40, "before its first change")
    return replace(record, live=[before, replace(before, tree="b" * 40, moment="after its way back")])


def two_holders(record: Record) -> Record:
    locked = [one for one in record.audit if one.kind is AuditKind.LOCKED]
    return replace(record, audit=(locked[0], locked[0].model_copy(update={"deployment": "another"})))


def asleep(record: Record) -> Record:
    sent = max(record.writes, key=lambda one: one.arrived)
    return with_write(record, deployment=sent.deployment, token=sent.token - 1)


def again(record: Record) -> Record:
    one = next(sent for sent in record.writes if sent.fate is Fate.ANSWERED and sent.op)
    number = max(record.requests) + 1
    more = replace(one, number=number, has_changed=False)
    return replace(record, requests={**record.requests, number: more})


def too_soon(record: Record) -> Record:
    one = next(sent for sent in record.writes if sent.op)
    told = replace(one, number=0, fate=Fate.ERROR, quiet_until=one.at + 20)
    return replace(record, requests={0: told, **record.requests}, spoken=[])


def without_intents(record: Record) -> Record:
    return replace(record, audit=tuple(one for one in record.audit if one.kind is not AuditKind.INTENT))


def while_stopped(record: Record) -> Record:
    return replace(record, stopped=[Stopped(-100.0, 1e6, everything=True)])


def told_twice(record: Record) -> Record:
    return replace(record, reasons={row.id: 2 for row in record.rows})


Breaking = Callable[[Record], Record]
BREAKINGS: list[tuple[str, str, Breaking]] = [
    ("V1", "a verdict that its samples do not give", prettier),
    ("V2", "an effect that happened twice", lambda one: with_write(one)),
    ("V2", "an effect of which nobody knows", unfinished),
    ("V2", "a receipt for what nobody sees", never_seen),
    ("V3", "another head", lambda one: first_merge(one, head_then="moved")),
    ("V3", "a gate that failed", lambda one: first_merge(one, gates={"ci_checks": "fail"})),
    ("V3", "no gate at all", lambda one: first_merge(one, gates={})),
    ("V3", "too few approvals", lambda one: first_merge(one, needed=3)),
    ("V3", "an approval that was taken back", said_no),
    ("V4", "what is on no base", lambda one: replace(one, starts=[replace(one.starts[0], on_base=False)])),
    ("V4", "another artifact", lambda one: replace(one, starts=[replace(one.starts[0], digest="x")])),
    ("V5", "a success without verdicts", unwatched),
    ("V6", "too early", lambda one: replace(one, destroyed=[Destroyed("ws", "D", False, "D")])),
    ("V6", "somebody else's", lambda one: replace(one, destroyed=[Destroyed("ws", "D", True, "E")])),
    ("V7", "a way back to somewhere else", elsewhere),
    ("V8", "two holders", two_holders),
    ("V8", "a change by who holds nothing", lambda one: with_write(one, op="other", holder="another")),
    ("V9", "a worker that slept too long", asleep),
    ("V10", "one that waits for ever", lambda one: with_row(one, status=Status.WAITING)),
    ("V10", "no end in time", lambda one: replace(one, settled=1e6)),
    ("V11", "the same request without a reason", again),
    ("V11", "a request that does not wait as it was told", too_soon),
    ("V12", "an audit that was tampered with", lambda one: replace(one, audit_broken="entry 3")),
    ("V12", "effects before their intent", lambda one: with_write(one, is_told=False)),
    ("V12", "effects in no entry", without_intents),
    ("V13", "two questions at once", lambda one: replace(one, asked=[Asked(1.0, "D", 2)])),
    ("V13", "an end that is told twice", told_twice),
    ("V13", "an end without a reason", lambda one: with_row(one, reason="")),
    ("V14", "a letter", lambda one: replace(one, left=("nobody was told finish/comment of D",))),
    ("V14", "a lock", lambda one: replace(one, left=("production is held by D",))),
    ("V15", "a look at the clock", lambda one: replace(one, clocks=("graphs/deployment.py:1",))),
    ("V16", "a secret", lambda one: replace(one, canaries=("file store.db",))),
    ("STOP", "an effect in spite of it", while_stopped),
    ("OURS", "an exception", lambda one: replace(one, faults=("KeyError",))),
]


@pytest.mark.parametrize(("name", "what", "broken"), BREAKINGS)
def test_a_broken_record_is_noticed(name: str, what: str, broken: Breaking) -> None:
    assert list(INVARIANTS[name](broken(good())))


def test_every_invariant_is_broken_at_least_once_and_says_what_it_means() -> None:
    assert {name for name, _, _ in BREAKINGS} == INVARIANTS.keys()
    assert all(check.__doc__ for check in INVARIANTS.values())
    assert {f"V{number}" for number in range(1, 17)} <= INVARIANTS.keys()


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import time\n\nx = time.time()\n", [3]),
        ("from datetime import datetime\n\nx = datetime.now()\n", [3]),
        ("import time\n\ndef f(clock=time.time): return clock()\n", []),
    ],
)
def test_a_look_at_the_machines_clock_is_found_in_the_source(source: str, lines: list[int]) -> None:
    assert looks_at_the_clock(source) == lines
