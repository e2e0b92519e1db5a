"""Pruning: what a finished deployment may forget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil, inf

from sqlalchemy import Connection, bindparam, delete, select

from orchestrate.models.sample import Part, Sample, SampleState
from orchestrate.models.watch import WARM_UP_STEP
from orchestrate.store import logs
from orchestrate.store.watch_tables import samples, watches
from orchestrate.store.watches import MEASURE, text_of

KEPT_LOG_BYTES = 8 * 1024
KEPT_SAMPLES = 2  # per slot of a watch
KEPT_FINAL_SAMPLES = 8  # per slot of the watch after the last move
KEPT_BEGINNING = 320.0  # seconds: how a release begins is kept in steps, for what is learned of cold starts

WATCHES = (
    select(watches.c.id, watches.c.component, watches.c.share, watches.c.final)
    .where(watches.c.deployment == bindparam("whose"))
    .order_by(watches.c.opened_at, watches.c.id)
)
TAKEN = select(samples.c.sample).where(samples.c.watch == bindparam("watched")).order_by(samples.c.at)
FORGET = delete(samples).where(samples.c.watch == bindparam("watched"))


def prune(connection: Connection, deployment: str) -> None:
    """Keep the head and the tail of the log, and a few summed samples per slot and watch."""
    logs.shorten(connection, deployment, KEPT_LOG_BYTES)
    began: dict[str, float] = {}  # when the new slot of a component began to serve
    for watch, component, share, is_final in connection.execute(WATCHES, {"whose": deployment}).all():
        texts = connection.execute(TAKEN, {"watched": watch}).scalars().all()
        taken = [Sample.model_validate_json(text) for text in texts]
        if taken and share:
            began.setdefault(component, taken[0].at)
        head = [one for one in taken if one.at <= began.get(component, -inf) + KEPT_BEGINNING]
        kept = [
            *in_steps(head),
            *summed(taken[len(head) :], KEPT_FINAL_SAMPLES if is_final else KEPT_SAMPLES),
        ]
        if len(kept) < len(taken):
            connection.execute(FORGET, {"watched": watch})
            values = [{"watch": watch, "at": one.at, "sample": text_of(one)} for one in kept]
            connection.execute(MEASURE, values)


def summed(taken: Sequence[Sample], most: int) -> list[Sample]:
    """`taken` as at most `most` samples per slot, each the sum of neighbours, in order of time."""
    kept: list[Sample] = []
    by_slot = sorted(taken, key=lambda one: (one.component, one.slot))
    for _, group in groupby(by_slot, key=lambda one: (one.component, one.slot)):
        of_slot = sorted(group, key=lambda one: one.at)
        width = ceil(len(of_slot) / most)
        kept += [_sum(of_slot[start : start + width]) for start in range(0, len(of_slot), width)]
    return sorted(kept, key=lambda one: one.at)


def in_steps(taken: Sequence[Sample]) -> list[Sample]:
    """The sums of each slot's samples in each step of time, in order of time."""
    kept: list[Sample] = []
    for _, group in groupby(taken, key=lambda one: int(one.at // WARM_UP_STEP)):
        of_step = sorted(group, key=lambda one: (one.component, one.slot))
        kept += [_sum(list(of_slot)) for _, of_slot in groupby(of_step, key=lambda one: one.slot)]
    return kept


def _sum(part: Sequence[Sample]) -> Sample:
    last = part[-1]
    states = [one.state for one in part if one.state is not SampleState.OK]
    known = [one.healthy for one in part if one.healthy is not None]
    return last.model_copy(
        update={
            "state": states[-1] if states else SampleState.OK,
            "requests": sum(one.requests for one in part),
            "errors": sum(one.errors for one in part),
            "buckets": _sum_buckets(part),
            "database_errors": sum(one.database_errors for one in part),
            "instances": _sum_instances(part),
            "healthy": all(known) if known else None,
            "restarts": sum(one.restarts for one in part),
            "cpu": max((one.cpu for one in part if one.cpu is not None), default=None),
            "memory": max((one.memory for one in part if one.memory is not None), default=None),
            "series": {name: level for one in part for name, level in one.series.items()},
        }
    )


def _sum_instances(part: Sequence[Sample]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for one in part:
        for name, more in one.instances.items():
            found[name] = Part(*map(sum, zip(found.get(name, Part(0, 0)), more, strict=True)))
    return found


def _sum_buckets(part: Sequence[Sample]) -> tuple[int, ...] | None:
    known = [one.buckets for one in part if one.buckets is not None]
    return tuple(map(sum, zip(*known, strict=True))) if known else None
