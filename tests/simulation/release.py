"""V1–V7: what may be done for one release, and when."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from orchestrate import analysis
from orchestrate.models.deployment import DecisionKind, Event, Outcome
from orchestrate.models.effect import Effect, EffectState
from orchestrate.models.move import Analyse
from orchestrate.models.plan import Plan
from orchestrate.models.sample import Sample, Verdict
from tests.simulation.record import Judged, Merging, Record
from tests.simulation.record import Request as Sent
from tests.simulation.wire import UNBLOCKED
from tools.desk import marker_of

GRACE, ASLEEP = 3.0, 25.0
"""Seconds between the last look at a thread and the use of an approval: an answer travels that long, and who
sleeps meanwhile may not wake later than the lease allows."""


PASSING = ("/watch ", "/not counted ", "/counted ")
"""What is said about a moment, as about a question that was closed; it is not made up for."""


def v1(record: Record) -> Iterator[str]:
    """A verdict is one of pass, fail and inconclusive, and a pure function of what was recorded: judged
    again from its stored samples, it is the same to the byte."""
    for judged in record.judged:
        plan = record.plans.get(judged.plan)
        again = _judged_again(judged, plan) if plan else "the plan is missing"
        if again != judged.judgement.model_dump_json():
            yield f"{judged.watch.id} at {judged.at}: {judged.judgement.sentence}, and again: {again}"


def _judged_again(judged: Judged, plan: Plan) -> str:
    samples = tuple(Sample.model_validate_json(one.model_dump_json()) for one in judged.samples)
    watch, alerts = judged.watch, plan.alerts.get(judged.watch.component, {})
    found = analysis.judge(watch, samples, plan.triggers, plan.monitoring, judged.at, alerts)
    return found.model_dump_json() if found.verdict in Verdict else f"no verdict: {found.verdict}"


def v2(record: Record) -> Iterator[str]:
    """An effect happens at most once under its key, and exactly once where its receipt says so; what a
    deployment that ended well meant to do, it did."""
    changed: dict[str, list[Sent]] = defaultdict(list)
    for one in record.writes:
        if one.has_changed:
            changed[one.op].append(one)
    for op, several in changed.items():
        if len(several) > 1 and not op.startswith(UNBLOCKED):
            yield f"{op} happened {len(several)} times: {[one.number for one in several]}"
    yield from _twins(record)
    yield from _lost(record)
    good = {row.id for row in record.rows if row.outcome is Outcome.DEPLOYED}
    passing = (*PASSING, *(one.id for one in record.questions if one.closed is not None))
    for effect in record.effects:
        is_late = any(word in effect.key for word in passing) or _is_of_another_plan(record, effect)
        if effect.deployment in good and effect.state is EffectState.INTENT and not is_late:
            yield f"{effect.key} was meant, and nobody knows what became of it"


def _is_of_another_plan(record: Record, effect: Effect) -> bool:
    """Whether it was meant under a plan that was given up before anything was sent: nothing became of it."""
    (row,) = (one for one in record.rows if one.id == effect.deployment)
    mark = re.search(r"/([0-9a-f]{16})$", effect.key)
    is_other = mark is not None and not (row.plan_hash or "").startswith(mark[1])
    return is_other and not any(one.op == effect.key for one in record.writes)


def _twins(record: Record) -> Iterator[str]:
    """Comments of ours that were said twice."""
    seen: dict[str, str] = {}
    for one in record.comments:
        for line in one.text.splitlines():
            if line.startswith("<!-- orchestrate:"):
                if line in seen:
                    yield f"comments {seen[line]} and {one.id} are the same: {line}"
                seen[line] = one.id


def _lost(record: Record) -> Iterator[str]:
    """Comments of which a receipt says that they were said, and which are on no thread."""
    said = "\n".join(one.text for one in record.comments)
    for effect in record.effects:
        if effect.name == "comment" and effect.state is EffectState.DONE:
            occasion = effect.key.partition("/comment/")[2].partition("/")[2]
            if marker_of(effect.deployment, occasion) not in said:
                yield f"{effect.key} has a receipt, and nobody sees it"


def v3(record: Record) -> Iterator[str]:
    """Nothing is merged without gates that pass, an approval that is valid in that moment, and the very
    head that was approved."""
    for one in record.merges:
        where = f"the merge of {one.change} for {one.deployment}"
        if one.head != one.head_then:
            yield f"{where}: approved was {one.head[:8]}, and the head was {one.head_then[:8]}"
        against = {gate: found for gate, found in one.gates.items() if found != "pass"}
        if against or not one.gates:
            yield f"{where}: gates say {against}"
        if len(set(one.approved_by)) < one.needed:
            yield f"{where}: {one.needed} must approve, and {one.approved_by} did"
        yield from (f"{where}: {problem}" for who in one.approved_by for problem in _unsaid(record, one, who))


def _unsaid(record: Record, one: Merging, who: str) -> Iterator[str]:
    """Why this person's approval did not stand when it was used, as the person knows it."""
    used = record.used.get(one.question, 0.0)
    spoken = [said for said in record.spoken if said.who == who and said.question == one.question]
    theirs = [said for said in spoken if said.at <= used]
    if not any(said.kind == DecisionKind.APPROVED for said in theirs):
        yield f"{who} never approved it"
    if any(said.plan != one.plan for said in theirs):
        yield f"{who} approved another plan"
    grace = ASLEEP if "pause" in record.troubles else GRACE
    last = theirs[-1] if theirs else None
    if last is not None and last.kind != DecisionKind.APPROVED and last.at < used - grace:
        yield f"{who} said {last.kind} at {last.at:.0f}, and the approval was used at {used:.0f}"


def v4(record: Record) -> Iterator[str]:
    """What is started for a release is merged, and its artifact is the one whose digest was verified."""
    for one in record.starts:
        where = f"{one.component} {one.tree[:8]} for {one.deployment}"
        if not (one.on_base or one.is_way_back):
            yield f"{where} was started and is on no commit of the base"
        if one.digest != one.tree:
            yield f"{where} was started from the artifact {one.digest[:8] or 'nothing'}"


def v5(record: Record) -> Iterator[str]:
    """Success is told only of a release all of whose watches passed, or that a person let go on."""
    for row in record.rows:
        if row.outcome is not Outcome.DEPLOYED:
            continue
        plan = record.plans.get(row.plan_hash or "")
        if plan is None:
            yield f"{row.id} was deployed without a plan"
            continue
        wanted = sum(isinstance(step.move, Analyse) for step in plan.moves)
        story = [one for one in record.events if one.deployment == row.id]
        passed = sum(
            one.kind == "verdict" and one.data["verdict"] == Verdict.PASS for one in _last_try(story)
        )
        let_go = sum(
            one.deployment == row.id and one.gate_kind.startswith("go_on") and one.consumed_at is not None
            for one in record.questions
        )
        if passed + let_go < wanted:
            yield f"{row.id} has {wanted} watches, {passed} passed, and people let it go on {let_go} times"


def _last_try(story: list[Event]) -> list[Event]:
    """What happened since the moves of the plan that was carried out began."""
    planned = [one.seq for one in story if one.kind == "stage" and one.text == "plan"]
    return [one for one in story if one.seq > max(planned, default=0)]


def v6(record: Record) -> Iterator[str]:
    """A workspace is destroyed only for the deployment that it belongs to, after its success was recorded."""
    for one in record.destroyed:
        if not one.was_proven:
            yield f"{one.workspace} was destroyed for {one.deployment}, whose success was not recorded"
        if one.entitled not in ("", one.deployment):
            yield f"{one.workspace} belongs to {one.entitled} and was destroyed for {one.deployment}"


def v7(record: Record) -> Iterator[str]:
    """A way back leads to the revision that was live before the first change, and nowhere else."""
    before = {
        (one.deployment, one.component): one.tree for one in record.live if one.moment.startswith("before")
    }
    for one in record.live:
        was = before.get((one.deployment, one.component))
        if one.moment.startswith("after") and was is not None and one.tree != was:
            yield f"{one.deployment} went back to {one.tree[:8]}, and {was[:8]} was live before"
    for row in record.rows:
        plan = record.plans.get(row.plan_hash or "")
        for ship in plan.ships if plan else ():
            was = before.get((row.id, ship.component))
            target = ship.from_version.tree if ship.from_version else ""
            if was is not None and was != target:
                yield f"{row.id} would go back to {target[:8]}, and {was[:8]} was live before it"
