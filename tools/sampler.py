"""Sampler: what happened in the watched slots since the last look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrate.errors import OrchestrateError
from orchestrate.models.alert import MEASURED, Alert
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Counters, Sample, SampleState
from orchestrate.models.watch import Watch
from tools.increments import increment, instances
from tools.levels import kept, level
from tools.place import Place
from tools.provider import measured
from tools.series import Parts

PATIENCE = 15.0  # seconds for one look, at least
MOST_PARTS = 64  # instances of a slot whose totals are remembered, the newest ones
RESTARTS = "{slot} restarts"  # where the restarts of a slot's instances are kept among the totals
LEVELS = "{slot} series"  # where the totals of alerts' series are kept, and their moment
AT = "at"

MISSING: Mapping[SampleState, str] = {
    SampleState.OK: "",
    SampleState.NO_DATA: "the metric source has nothing about this slot",
    SampleState.NOT_A_NUMBER: "the metric source told something that is no count",
    SampleState.SOURCE_DOWN: "the metric source does not answer",
    SampleState.THROTTLED: "the metric source was asked too often, and tells nothing",
    SampleState.DENIED: "the metric source does not let us in",
    SampleState.EXPIRED: "the credentials for the metric source have expired: renew them",
    SampleState.NO_INSTANCE: "nothing runs in the new slot",
    SampleState.NO_BASELINE: "nothing runs in the old slot",
}
FIRST = "first reading: there is nothing before it to compare with"


Series = Mapping[str, Parts | SampleState]  # by alert


@dataclass(frozen=True)
class Reading:
    """One look at everything: what runs, and the totals of its slots."""

    at: float
    component: Component
    running: Running
    numbers: Mapping[str, Counters | SampleState]
    alerts: Mapping[str, Alert] = field(default_factory=dict[str, Alert])
    told: Mapping[str, Series] = field(default_factory=dict[str, Series])  # by slot


class Sampler:
    """Takes samples; what it must know from the last time is in `watch.totals`, and nowhere else."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    async def sample(
        self, watch: Watch, place: Place, alerts: Mapping[str, Alert] | None = None
    ) -> tuple[tuple[Sample, ...], dict[str, Counters]]:
        """A sample of the new slot and one of the old slot, where there is one, with the same moment.

        With the levels of `alerts`, by name. And the totals to be kept for the next time. A slot without
        totals from before gets no increment: its first reading is marked as such. What cannot be read is a
        state of the sample, never raised.
        """
        component = place.component(watch.component)
        try:
            async with asyncio.timeout(max(PATIENCE, watch.interval)):
                running = await measured(place.provider, component)
                numbers, told = await asyncio.gather(
                    _numbers(place, component, running), _told(watch, place, running, alerts or {})
                )
        except (OrchestrateError, TimeoutError) as problem:
            return self._blind(watch, str(problem) or "looking took too long"), watch.totals
        reading = Reading(self._clock(), component, running, numbers, alerts or {}, told)
        samples = tuple(_sample(watch, slot, reading) for slot in _slots(watch))
        return samples, _totals(watch, reading)

    def _blind(self, watch: Watch, why: str) -> tuple[Sample, ...]:
        at = self._clock()
        return tuple(
            Sample(at=at, component=watch.component, slot=slot, state=SampleState.SOURCE_DOWN, note=why)
            for slot in _slots(watch)
        )


async def _numbers(
    place: Place, component: Component, running: Running
) -> Mapping[str, Counters | SampleState]:
    try:
        return await place.metrics.read(component, running)
    except OrchestrateError:
        return {slot.name: SampleState.SOURCE_DOWN for slot in running.slots}


async def _told(
    watch: Watch, place: Place, running: Running, alerts: Mapping[str, Alert]
) -> dict[str, Series]:
    """What series tell: all of the new slot; of the old one those that may decide against the new one."""
    component = place.component(watch.component)
    asked = {name: alert for name, alert in alerts.items() if name not in MEASURED}
    found: dict[str, Series] = {}
    for name in _slots(watch):
        slot = running.slot(name)
        wanted = asked if name == watch.slot else _compared(asked)
        if slot is not None and wanted:
            found[name] = await _series(place, wanted, component, slot)
    return found


def _compared(alerts: Mapping[str, Alert]) -> dict[str, Alert]:
    return {name: alert for name, alert in alerts.items() if alert.rollback and alert.is_of_slot}


async def _series(place: Place, alerts: Mapping[str, Alert], component: Component, slot: Slot) -> Series:
    try:
        return await place.series.told(alerts, component, slot)
    except OrchestrateError:
        return dict.fromkeys(alerts, SampleState.SOURCE_DOWN)


def _slots(watch: Watch) -> tuple[str, ...]:
    return (watch.slot,) if watch.baseline is None else (watch.slot, watch.baseline)


def _sample(watch: Watch, name: str, reading: Reading) -> Sample:
    slot = reading.running.slot(name)
    if slot is None or not slot.wanted or not slot.instances:
        return _gone(watch, name, reading)
    measured = _measured(watch.totals.get(name), reading.numbers.get(name, SampleState.NO_DATA))
    sick = next((one for one in slot.instances if not one.healthy), None)
    said = [f"{sick.id}: {sick.detail or 'unhealthy'}"] if sick else []
    return measured.model_copy(
        update={
            "at": reading.at,
            "component": watch.component,
            "slot": name,
            "healthy": slot.is_healthy,
            "restarts": _restarted(watch.totals.get(RESTARTS.format(slot=name)), slot),
            "note": "; ".join([*said, measured.note] if measured.note else said),
            "series": _levels(watch, name, reading),
            "unmeasured": reading.running.unmeasured,
            **_load(slot, reading.component.memory_limit),
        }
    )


def _gone(watch: Watch, name: str, reading: Reading) -> Sample:
    state = SampleState.NO_INSTANCE if name == watch.slot else SampleState.NO_BASELINE
    return Sample(
        at=reading.at, component=watch.component, slot=name, state=state, healthy=False, note=MISSING[state]
    )


def _measured(before: Counters | None, now: Counters | SampleState) -> Sample:
    """The part of a sample that a metric source tells."""
    blank = Sample(at=0, component="", slot="")
    if isinstance(now, SampleState):
        return blank.model_copy(update={"state": now, "note": MISSING[now]})
    if before is None:
        return blank.model_copy(update={"state": SampleState.NO_DATA, "note": FIRST})
    found = increment(before, now)
    return blank.model_copy(
        update={
            "requests": found.requests,
            "errors": found.errors,
            "database_errors": found.database_errors,
            "buckets": found.buckets,
            "instances": instances(before, found),
        }
    )


def _levels(watch: Watch, slot: str, reading: Reading) -> dict[str, float | SampleState]:
    """Where each series is; one that is measured from here on is not among them yet."""
    last = watch.totals.get(LEVELS.format(slot=slot))
    before = last.extra if last else {}
    seconds = reading.at - before.get(AT, reading.at)
    found = {
        name: parts
        if isinstance(parts, SampleState)
        else level(name, reading.alerts[name], parts, before, seconds)
        for name, parts in reading.told.get(slot, {}).items()
    }
    return {name: one for name, one in found.items() if one is not None}


def _restarted(before: Counters | None, slot: Slot) -> int:
    """Restarts since the last look; of an instance that was not there then, all of them."""
    if before is None:
        return 0
    return sum(max(0, one.restarts - round(before.extra.get(one.id, 0.0))) for one in slot.instances)


def _load(slot: Slot, limit: int | None) -> dict[str, float | None]:
    """Mean CPU in percent of one core, and the fullest instance's memory in MiB and percent of its limit."""
    cpu = [one.cpu for one in slot.instances if one.cpu is not None]
    memory = max((one.memory for one in slot.instances if one.memory is not None), default=None)
    return {
        "cpu": sum(cpu) / len(cpu) if cpu else None,
        "memory": memory,
        "memory_share": 100 * memory / limit if memory is not None and limit else None,
    }


def _totals(watch: Watch, reading: Reading) -> dict[str, Counters]:
    """What the next sample is measured from: the newest totals of each slot, or the last that were known."""
    found = dict(watch.totals)
    for name in _slots(watch):
        numbers, slot = reading.numbers.get(name), reading.running.slot(name)
        if isinstance(numbers, Counters):
            found[name] = _with_absent_parts(found.get(name), numbers)
        if slot is not None and slot.instances:
            restarts = {one.id: float(one.restarts) for one in slot.instances}
            found[RESTARTS.format(slot=name)] = Counters(requests=0, errors=0, extra=restarts)
        if told := reading.told.get(name):
            found[LEVELS.format(slot=name)] = Counters(requests=0, errors=0, extra=_remembered(reading, told))
    return found


def _remembered(reading: Reading, told: Series) -> dict[str, float]:
    totals: dict[str, float] = {AT: reading.at}
    for name, parts in told.items():
        totals |= {} if isinstance(parts, SampleState) else kept(name, parts)
    return totals


def _with_absent_parts(before: Counters | None, now: Counters) -> Counters:
    """An instance that a source loses for a moment is still known when it comes back."""
    if before is None or not before.parts:
        return now
    absent = {name: part for name, part in before.parts.items() if name not in now.parts}
    room = max(0, MOST_PARTS - len(now.parts))
    kept = dict(list(absent.items())[-room:]) if room else {}
    return now.model_copy(update={"parts": {**kept, **now.parts}})
