"""Figures: the tables, and the targets that the whole must reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log

from tests.bench.table import Row
from tests.bench_judge.measuring import OURS_COLD, OURS_LEARNED, OURS_WARM, Outcome
from tests.bench_judge.rivals import RIVALS

OURS = (OURS_WARM, OURS_COLD, OURS_LEARNED)
JUDGES = (*OURS, *RIVALS)
MOST_FALSE, MOST_FALSE_COLD = 0.005, 0.01
CAUGHT, OF = 48, 53
FASTER_WARM, FASTER_COLD, BEHIND_ORACLE, MICROSECONDS = 10.0, 6.0, 2.5, 50.0


def false_rollbacks(outcomes: Sequence[Outcome]) -> str:
    """Share of healthy canaries that each judge takes back, in percent."""
    lines: list[tuple[str, ...]] = [("healthy: false rollbacks in an hour, %", *JUDGES, "runs")]
    for one in outcomes:
        shares = [_percent(one, judge) for judge in JUDGES]
        lines.append((one.scenario.name, *shares, str(max(len(times) for times in one.found.values()))))
    return _aligned(lines)


def delays(outcomes: Sequence[Outcome]) -> str:
    """Median (and nine tenths of the runs) until each judge takes a regression back; power where below 1."""
    lines = [("regression: seconds until rollback, median (90 %) power", *JUDGES)]
    lines += [(one.scenario.name, *(_delay(one, judge) for judge in JUDGES)) for one in outcomes]
    return _aligned(lines)


def targets(
    healthy: Sequence[Outcome], counted: Sequence[Outcome], cost: float, is_unitless: bool
) -> Iterator[Row]:
    """What must be reached, for as much as was measured."""
    for one in healthy:
        yield _false(one)
    for judge in OURS if len(counted) == OF else ():
        seen = sum(one.at(judge) is not None for one in counted)
        yield Row(what=f"regressions caught by half of the runs: {judge}", measured=f"{seen} of {OF}",
                  target=f"≥ {CAUGHT}", ok=seen >= CAUGHT)  # fmt: skip
    for judge, least in zip(OURS, (FASTER_WARM, FASTER_COLD, FASTER_COLD), strict=True):
        if ratios := _ratios(counted, "fixed", judge):
            yield Row(what=f"faster than the fixed rules where both detect ({len(ratios)}): {judge}",
                      measured=f"{_mean(ratios):.1f} times", target=f"≥ {least:g}",
                      ok=_mean(ratios) >= least)  # fmt: skip
    if ratios := _ratios(counted, OURS_WARM, "oracle"):
        yield Row(what=f"slower than the oracle where both detect ({len(ratios)})",
                  measured=f"{_mean(ratios):.2f} times", target=f"≤ {BEHIND_ORACLE:g}",
                  ok=_mean(ratios) <= BEHIND_ORACLE)  # fmt: skip
    yield Row(what="the same verdict with all latencies times 10⁻⁸ … 10⁸",
              measured="yes" if is_unitless else "no", target="yes", ok=is_unitless)  # fmt: skip
    yield Row(what="one window, CPU (best of 20 hours)", measured=f"{cost:.0f} µs",
              target=f"≤ {MICROSECONDS:g} µs", ok=cost <= MICROSECONDS)  # fmt: skip


def _false(one: Outcome) -> Row:
    """The worst of our ways on a healthy canary."""
    judges = [judge for judge in OURS if one.found[judge]]
    judge = max(judges, key=one.share)
    share, runs = one.share(judge), len(one.found[judge])
    most = MOST_FALSE_COLD if one.scenario.cold else MOST_FALSE
    number = sum(time is not None for time in one.found[judge])
    return Row(
        what=f"false rollbacks: {one.scenario.name}",
        measured=f"{100 * share:.2f} % ({number} of {runs})",
        reference=judge,
        target=f"≤ {100 * most:g} %",
        ok=share <= most,
    )


def _ratios(outcomes: Sequence[Outcome], slower: str, faster: str) -> list[float]:
    found = [(one.at(slower), one.at(faster)) for one in outcomes]
    return [a / b for a, b in found if a is not None and b is not None]


def _mean(ratios: Sequence[float]) -> float:
    """The geometric one."""
    return exp(sum(map(log, ratios)) / len(ratios))


def _percent(one: Outcome, judge: str) -> str:
    return f"{100 * one.share(judge):.1f}" if one.found[judge] else "–"


def _delay(one: Outcome, judge: str) -> str:
    if not one.found[judge]:
        return "–"
    half, most, power = one.at(judge), one.at(judge, 0.9), one.share(judge)
    said = "–" if half is None else f"{half:.0f}"
    said += "" if most is None else f" ({most:.0f})"
    return said if power == 1 else f"{said} {100 * power:.0f} %"


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )
