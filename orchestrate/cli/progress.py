"""Progress: where a deployment stands, its shares of the traffic, and the newest numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.analysis.series import quantile, totals
from orchestrate.analysis.words import percent
from orchestrate.models.deployment import Deployment, Event, Stage
from orchestrate.models.move import SetTraffic, words
from orchestrate.models.plan import Plan
from orchestrate.models.sample import Sample, SampleState
from orchestrate.models.watch import Watch
from orchestrate.store import Store

WAY = (
    Stage.GATES,
    Stage.PLAN,
    Stage.APPROVAL,
    Stage.MERGE,
    Stage.BUILD,
    Stage.DEPLOY,
    Stage.VERIFY,
    Stage.WATCH,
    Stage.FINISH,
)
"""The stages that a good deployment goes through, in this order."""


SPAN = 60.0
"""Seconds whose samples make up the numbers that are shown."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a live view shows."""

    title: str
    stages: str
    move: str = ""
    shares: str = ""
    numbers: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        return [one for one in (self.stages, self.move, self.shares, *self.numbers) if one]


def progress(store: Store, row: Deployment, events: Sequence[Event]) -> Progress:
    """How far it is, from what the store knows."""
    plan = store.plans.plan(row.plan_hash) if row.plan_hash else None
    index = next((int(one.data.get("index", "0")) for one in reversed(events) if one.kind == "move"), None)
    watch = next((one for one in reversed(store.watches.of(row.id)) if one.closed_at is None), None)
    return Progress(
        title=f"{row.service} {row.version or ''} to {row.environment}: {_doing(row)}",
        stages=stages({one.stage for one in events if one.stage}, row.stage),
        move=_move(plan, index),
        shares=shares(plan, index),
        numbers=tuple(measured(watch, _newest(store, watch))) if watch else (),
    )


def _doing(row: Deployment) -> str:
    stage = row.stage.value.replace("_", " ") if row.stage else "accepted"
    return f"{stage}, waits for a person" if row.waits_for and row.waits_for.kind == "approval" else stage


def stages(seen: set[Stage], now: Stage | None) -> str:
    """The way, with what is behind marked, and where it is now in brackets."""
    behind = seen | set(WAY[: WAY.index(now)]) if now in WAY else seen
    other = [now] if now and now not in WAY else []
    marked = [
        f"[{one.value}]" if one is now else f"✓{one.value}" if one in behind else one.value
        for one in (*WAY, *other)
    ]
    return "  ".join(marked)


def _move(plan: Plan | None, index: int | None) -> str:
    if plan is None or index is None or index >= len(plan.moves):
        return ""
    return f"move {index + 1} of {len(plan.moves)}: {words(plan.moves[index].move)}"


def shares(plan: Plan | None, index: int | None) -> str:
    """The shares of the traffic after the move at `index`."""
    if plan is None or index is None:
        return ""
    made = [one.move for one in plan.moves[: index + 1] if isinstance(one.move, SetTraffic)]
    newest = {move.component: move.weights for move in made}
    return "; ".join(
        f"{component}: {', '.join(f'{slot} {share} %' for slot, share in sorted(weights.items()))}"
        for component, weights in newest.items()
    )


def _newest(store: Store, watch: Watch) -> tuple[Sample, ...]:
    return store.watches.samples(watch.id, since=store.clock() - SPAN)


def measured(watch: Watch, samples: Sequence[Sample]) -> list[str]:
    """Error rate and p99 of each slot that is watched, and what was judged last."""
    slots = (watch.slot, *([watch.baseline] if watch.baseline else []))
    lines = [f"{watch.component}/{slot}: {_numbers(samples, slot)}" for slot in slots]
    return lines + ([watch.judgement.sentence] if watch.judgement else [])


def _numbers(samples: Sequence[Sample], slot: str) -> str:
    own = [one for one in samples if one.slot == slot]
    usable = [one for one in own if one.state is SampleState.OK]
    if not usable:
        return own[-1].state.replace("_", " ") if own else "no samples yet"
    sums = totals(usable)
    p99 = quantile(sums.buckets, 0.99)
    slow = f"p99 {p99:.0f} ms" if p99 is not None else "p99 not measured"
    errors = percent(sums.errors, sums.requests)
    return f"{sums.requests} requests, errors {errors}, {slow}, {_load(own[-1])}"


def _load(newest: Sample) -> str:
    """What the instances take now, or that nobody tells it."""
    if newest.cpu is None and newest.memory is None:
        why = newest.unmeasured
        return f"CPU and memory unsupported: {why}" if why else "CPU and memory not measured"
    cpu = f"CPU {newest.cpu:.0f} %" if newest.cpu is not None else "CPU not measured"
    if newest.memory_share is not None:
        return f"{cpu}, memory {newest.memory_share:.0f} % of its limit"
    return (
        f"{cpu}, memory {newest.memory:.0f} MiB"
        if newest.memory is not None
        else f"{cpu}, memory not measured"
    )
