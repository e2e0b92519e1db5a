"""`python -m tests.bench_judge`: thousands of simulated canaries, judged by us and by the public ways."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator

from orchestrate.models.watch import Prior
from tests.bench.table import table
from tests.bench_judge.figures import delays, false_rollbacks, targets
from tests.bench_judge.measuring import Outcome, measured
from tests.bench_judge.ours import COLD_START, WARM, Stopwatch, detected
from tests.bench_judge.scenarios import Scenario, after_the_promotion, against_restarted, healthy, regressions
from tests.bench_judge.traffic import drawn

KINDS: dict[str, tuple[Callable[[], Iterator[Scenario]], int]] = {
    "healthy": (healthy, 1000),
    "regressions": (regressions, 100),
    "restarted": (against_restarted, 100),
    "promoted": (after_the_promotion, 100),
}
UNITS = (1e-8, 1e-4, 1.0, 1e4, 1e8)
BY_COMPARISON = WARM.model_copy(update={"response_time_p99": 10**12})


def main() -> int:
    """Exit code 1 when a target was missed."""
    given = _arguments()
    began = time.monotonic()
    outcomes = {kind: list(_measured(kind, given)) if kind in given.kind else [] for kind in KINDS}
    for kind, draw in (
        ("healthy", false_rollbacks),
        ("regressions", delays),
        ("restarted", delays),
        ("promoted", delays),
    ):
        if outcomes[kind]:
            sys.stdout.write(draw(outcomes[kind]) + "\n\n")
    rows = list(targets(outcomes["healthy"], outcomes["regressions"], cost(), is_unitless()))
    sys.stdout.write(table(rows) + "\n")
    load = os.getloadavg()[0]
    sys.stderr.write(f"seed {given.seed}, {time.monotonic() - began:.0f} s, load {load:.1f}\n")
    return int(any(row.ok is False for row in rows))


def cost() -> float:
    """Microseconds of CPU for one window, in the quickest of twenty hours: others use the machine too."""
    traffic, best = drawn(next(healthy()), 1), float("inf")
    for _ in range(20):
        clock = Stopwatch()
        detected(traffic, COLD_START, Prior(), clock)
        best = min(best, 1e6 * clock.seconds / clock.windows)
    return best


def is_unitless() -> bool:
    """Whether every regression in latency is judged alike in whatever unit it is measured."""
    slower = [one for one in regressions() if "slower" in one.name]
    return all(
        len({detected(traffic, BY_COMPARISON, Prior(), Stopwatch(), unit) for unit in UNITS}) == 1
        for traffic in (drawn(one, 7) for one in slower)
    )


def _measured(kind: str, given: argparse.Namespace) -> Iterator[Outcome]:
    scenarios, runs = KINDS[kind]
    words: list[str] = given.scenario
    chosen = [one for one in scenarios() if not words or any(word in one.name for word in words)]
    size = runs if given.runs is None else given.runs
    counts = {one.name: size for one in chosen}
    for outcome in measured(chosen, counts, given.seed, given.jobs, not given.no_rivals):
        sys.stderr.write(f"{outcome.scenario.name}: {outcome.summary}\n")
        yield outcome


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_judge", description=__doc__)
    parser.add_argument("--runs", type=int, help="of each scenario; 1000 healthy ones and 100 others")
    parser.add_argument("--kind", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--scenario", nargs="*", default=[], metavar="WORD", help="those whose name has it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-rivals", action="store_true", help="judge with ours alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
