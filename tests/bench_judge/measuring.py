"""Measuring: how often and how soon each judge takes a kind of canary back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from statistics import median
from zlib import crc32

import numpy as np

from orchestrate.analysis.calibration import prior
from orchestrate.analysis.warmth import Beginning, learned
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import Part, Sample
from orchestrate.models.watch import Prior, WarmUp
from tests.bench_judge.ours import COLD_START, WARM, Stopwatch, detected, samples
from tests.bench_judge.rivals import RIVALS
from tests.bench_judge.scenarios import HOUR, WINDOW, Scenario
from tests.bench_judge.traffic import Before, before, hour

OURS_WARM, OURS_COLD, OURS_LEARNED = "ours, warm", "ours, warm-up", "ours, learned"
TAUGHT_BY = (1_000_000, 1_000_003)  # numbers of the releases before, of which a cold start is learned
AT_ONCE = 25  # runs of one process: they share the hour before
SLOW_RIVALS = {"kayenta": 0.05}  # part of the runs


@dataclass
class Outcome:
    """When each judge rolled back, in seconds since the regression began; None: not within the hour."""

    scenario: Scenario
    found: dict[str, list[float | None]] = field(
        default_factory=lambda: defaultdict[str, list[float | None]](list)
    )
    triggers: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    seconds: float = 0.0
    windows: int = 0

    def add(self, other: Outcome) -> None:
        """Take in what another process measured."""
        for name, times in other.found.items():
            self.found[name].extend(times)
        for name, number in other.triggers.items():
            self.triggers[name] += number
        self.seconds += other.seconds
        self.windows += other.windows

    @property
    def summary(self) -> str:
        """What decided how often, for who waits for the table."""
        return ", ".join(f"{name} {number} ×" for name, number in sorted(self.triggers.items())) or "nothing"

    def share(self, judge: str) -> float:
        """Of the runs that were rolled back."""
        times = self.found[judge]
        return sum(time is not None for time in times) / max(1, len(times))

    def at(self, judge: str, part: float = 0.5) -> float | None:
        """The time by which this part of the runs was rolled back."""
        times = sorted(float("inf") if time is None else time for time in self.found[judge])
        if not times:
            return None
        found = median(times) if part == 0.5 else times[min(len(times) - 1, int(part * len(times)))]
        return None if found == float("inf") else found


@dataclass(frozen=True)
class Task:
    """Some runs of one scenario."""

    scenario: Scenario
    first: int
    runs: int
    seed: int
    rivals: bool


def measured(
    scenarios: list[Scenario], runs: dict[str, int], seed: int, jobs: int, rivals: bool
) -> Iterator[Outcome]:
    """One outcome per scenario, in their order; `runs` by name."""
    tasks = [
        Task(scenario, first, min(AT_ONCE, runs[scenario.name] - first), seed, rivals)
        for scenario in scenarios
        for first in range(0, runs[scenario.name], AT_ONCE)
    ]
    done = {scenario.name: 0 for scenario in scenarios}
    with ProcessPoolExecutor(jobs) as pool:
        current: Outcome | None = None
        for one in pool.map(some, tasks):
            if current is None:
                current = one
            else:
                current.add(one)
            done[one.scenario.name] += AT_ONCE
            if done[one.scenario.name] >= runs[one.scenario.name]:
                yield current
                current = None


def some(task: Task) -> Outcome:
    """What every judge does with these runs."""
    scenario, outcome, clock = task.scenario, Outcome(task.scenario), Stopwatch()
    judges = ours(task)
    for run in range(task.first, task.first + task.runs):
        traffic = hour(scenario, _random(task, run))
        for name, (triggers, known) in judges.items():
            seen = detected(traffic, triggers, known, clock)
            outcome.found[name].append(_since(seen[0] if seen else None, scenario))
            if seen:
                outcome.triggers[f"{name}: {seen[1]}"] += 1
        for name, rival in RIVALS.items() if task.rivals else ():
            if (name == "oracle" and scenario.is_healthy) or run % round(1 / SLOW_RIVALS.get(name, 1)):
                continue
            outcome.found[name].append(_since(rival(traffic), scenario))
    outcome.seconds, outcome.windows = clock.seconds, clock.windows
    return outcome


def ours(task: Task) -> dict[str, tuple[Triggers, Prior]]:
    """The ways in which the product may judge these runs, with what it knows from before."""
    scenario = task.scenario
    known = Prior() if scenario.is_first else known_before(scenario, before(scenario, _random(task, -1)))
    found = {OURS_WARM: (WARM, known)} if scenario.is_warm or not scenario.is_healthy else {}
    if not scenario.paired:
        found[OURS_COLD] = (COLD_START, known)
    if not (scenario.paired or scenario.promoted or scenario.is_first):
        found[OURS_LEARNED] = (COLD_START, known.model_copy(update={"warm_up": warmth_of(task)}))
    return found


def warmth_of(task: Task) -> WarmUp | None:
    """What the product learns of a cold start from good releases of the same service before."""
    good = replace(task.scenario, errors_new=None, scale=1.0, tail=1.0, late=0.0, crash=False)
    hours = [hour(good, _random(task, number)) for number in range(*TAUGHT_BY)]
    return learned([Beginning(0.0, list(samples(one))) for one in hours])


def known_before(scenario: Scenario, earlier: Before) -> Prior:
    """What the product makes of the hour before."""
    columns = (earlier.requests, earlier.errors, earlier.slow, earlier.buckets)
    columns = [column.tolist() for column in columns]
    samples = [
        Sample.model_construct(
            at=float(index * WINDOW),
            component="api",
            slot="blue",
            requests=sum(requests),
            errors=sum(errors),
            buckets=tuple(buckets),
            instances={
                f"pod {pod}": Part(*counts)
                for pod, counts in enumerate(zip(requests, errors, slow, strict=True))
            },
        )
        for index, (requests, errors, slow, buckets) in enumerate(zip(*columns, strict=True))
    ]
    return prior(samples, HOUR)


def _since(at: float | None, scenario: Scenario) -> float | None:
    """Counted from the begin of the regression; what comes before it did not see it."""
    return None if at is None or at <= scenario.late else at - scenario.late


def _random(task: Task, run: int) -> np.random.Generator:
    return np.random.default_rng([task.seed, crc32(task.scenario.name.encode()), task.first, run + 1])
