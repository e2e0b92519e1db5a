"""Post-mortems: what the store knows about a deployment that was taken back, gathered for a draft (F4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrate.models.deployment import Deployment, Event
from orchestrate.models.move import SetTraffic, Start
from orchestrate.models.plan import Plan
from orchestrate.models.postmortem import Exposure, Moment, PostMortem, Proof, RootCause
from orchestrate.models.watch import Watch
from orchestrate.store import Store

WHOLE_STORY = 100_000
_TOLD = frozenset(
    {
        "merged", "built", "move", "moved_on", "alert", "verdict", "extended", "halted", "decided", "failed",
        "undo", "undone", "undo_failed", "kept", "rollback_verified", "quarantined", "cause", "revert",
    }
)  # fmt: skip
"""What of a story belongs to the timeline."""


def postmortem(store: Store, row: Deployment) -> PostMortem | None:
    """What is known about a deployment that had a plan; None for one that never came so far."""
    if row.plan_hash is None:
        return None
    plan, story = store.plans.plan(row.plan_hash), store.events.of(row.id, limit=WHOLE_STORY)
    watches = store.watches.of(row.id)
    failed = next((one for one in reversed(story) if one.kind == "failed"), None)
    requests, errors = _answered(store, watches)
    return PostMortem(
        deployment=row.id,
        service=plan.service,
        environment=plan.environment,
        version=plan.version.name,
        change=plan.change,
        task=row.request.task,
        requested_by=row.request.requested_by,
        outcome=row.outcome,
        began=(row.started_at or row.created_at).timestamp(),
        ended=(row.finished_at or row.created_at).timestamp(),
        failed_step=(failed.stage or "") if failed else "",
        error=failed.text if failed else row.reason,
        timeline=tuple(_timeline(story)),
        causes=tuple(_causes(story)),
        proofs=tuple(_proofs(watches)),
        exposures=tuple(_exposures(plan, story)),
        requests=requests,
        errors=errors,
        follow_ups=tuple(_follow_ups(story)),
    )


def _timeline(story: Sequence[Event]) -> Iterator[Moment]:
    """Each thing once, also where its step was begun twice."""
    told: set[tuple[str, str]] = set()
    for one in story:
        if one.kind in _TOLD and (one.kind, one.text) not in told:
            told.add((one.kind, one.text))
            yield Moment(at=one.at, kind=one.kind, text=one.text)


def _causes(story: Sequence[Event]) -> Iterator[RootCause]:
    newest = {one.data.get("fingerprint", one.text): one for one in story if one.kind == "cause"}
    for one in newest.values():
        yield RootCause(text=one.text, task=one.data.get("task", ""), guess=one.data.get("explanation", ""))


def _proofs(watches: Sequence[Watch]) -> Iterator[Proof]:
    for one in watches:
        if one.is_bad and one.judgement is not None:
            yield Proof(sentence=one.judgement.sentence, numbers=one.judgement.numbers)


def _answered(store: Store, watches: Sequence[Watch]) -> tuple[int, int]:
    """Requests that the watched slots answered, and those of them that failed."""
    taken = [one for watch in watches for one in store.watches.samples(watch.id) if one.slot == watch.slot]
    return sum(one.requests for one in taken), sum(one.errors for one in taken)


def _exposures(plan: Plan, story: Sequence[Event]) -> Iterator[Exposure]:
    """From one change of the traffic to the next, as long as the new slot had a share of it."""
    new = {one.move.component: one.move.slot for one in plan.moves if isinstance(one.move, Start)}
    begun: dict[str, Exposure] = {}
    for at, traffic in _traffic(plan, story):
        part = traffic.component
        before = begun.pop(part, None)
        if before is not None:
            yield before.model_copy(update={"until": at})
        share = traffic.weights.get(new.get(part, ""), 0)
        if share:
            begun[part] = Exposure(component=part, share=share, since=at)
    yield from begun.values()


def _traffic(plan: Plan, story: Sequence[Event]) -> Iterator[tuple[float, SetTraffic]]:
    for one in story:
        index = int(one.data.get("index", "-1")) if one.kind in ("moved_on", "undone") else -1
        if 0 <= index < len(plan.moves):
            step = plan.moves[index]
            move = step.move if one.kind == "moved_on" else step.undo
            if isinstance(move, SetTraffic):
                yield one.at, move


def _follow_ups(story: Sequence[Event]) -> Iterator[str]:
    for kind in ("cause", "revert", "quarantined", "undo_failed", "not_told"):
        yield from dict.fromkeys(one.text for one in story if one.kind == kind)
