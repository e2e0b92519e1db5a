"""Ours: the product's own judge, asked after every window as a watch would ask it."""

from __future__ import annotations

from collections.abc import Iterator
from time import thread_time

from orchestrate.analysis.verdict import Looks
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import Sample
from orchestrate.models.watch import Prior, Watch
from tests.bench_judge.scenarios import HOUR, WINDOW
from tests.bench_judge.traffic import EDGES, Hour

WARM, COLD_START = Triggers(warm_up=0), Triggers()


class Stopwatch:
    """How long the judge took, and for how many windows."""

    def __init__(self) -> None:
        self.seconds, self.windows = 0.0, 0


def detected(
    hour: Hour, triggers: Triggers, prior: Prior, clock: Stopwatch, unit: float = 1.0
) -> tuple[float, str] | None:
    """When the verdict was `fail`, in seconds since the canary began, and by which trigger."""
    in_unit = int(triggers.response_time_p99 * unit) if unit != 1 else triggers.response_time_p99
    looks = Looks(
        watch(hour, prior),
        triggers.model_copy(update={"response_time_p99": in_unit}),
        edges=[float(edge) * unit for edge in EDGES],
    )
    for index, (new, old) in enumerate(samples(hour), start=1):
        begun = thread_time()
        looks.take(new, None if hour.scenario.promoted else old)
        judged = looks.failure()
        clock.seconds += thread_time() - begun
        clock.windows += 1
        if judged is not None:
            return float(index * WINDOW), judged.trigger
    return None


def watch(hour: Hour, prior: Prior) -> Watch:
    """The watch of one hour."""
    is_last = hour.scenario.promoted
    return Watch(
        id="D1:3",
        deployment="D1",
        environment="production",
        component="api",
        slot="green",
        baseline=None if is_last else "blue",
        opened_at=0,
        until=HOUR,
        interval=WINDOW,
        share=100 if is_last else round(100 * hour.scenario.share),
        final=is_last,
        next_at=0,
        prior=prior,
    )


def samples(hour: Hour) -> Iterator[tuple[Sample, Sample]]:
    """The samples of both slots, window by window."""
    columns = [
        column.tolist()
        for which in (0, 1)
        for column in (hour.requests[which], hour.errors[which], hour.buckets[which])
    ]
    healthy = not hour.scenario.crash
    for index, (new, new_bad, new_slow, old, old_bad, old_slow) in enumerate(zip(*columns, strict=True)):
        at = float((index + 1) * WINDOW)
        yield (
            _sample(at, "green", new, new_bad, new_slow, healthy),
            _sample(at, "blue", old, old_bad, old_slow, True),
        )


def _sample(at: float, slot: str, requests: int, errors: int, buckets: list[int], healthy: bool) -> Sample:
    return Sample.model_construct(
        at=at,
        component="api",
        slot=slot,
        requests=requests,
        errors=errors,
        buckets=tuple(buckets),
        healthy=healthy,
    )
