"""Rivals: the public ways to judge, and one that knows the truth; each gives the second of its rollback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from tests.bench_judge.scenarios import WINDOW
from tests.bench_judge.traffic import EDGES, WINDOWS, Counts, Floats, Hour

MINUTE = 60 // WINDOW
FIVE_MINUTES = 300 // WINDOW
CERTAIN = log(100)  # one false alarm in a hundred, by Wald's inequality
KAYENTA_FIRST, KAYENTA_Z, KAYENTA_TOLERANCE = 10, 2.3263, 0.25  # minutes, of 98 %, of the estimated shift
HEALTH_CHECKS = 3


def fixed_rules(hour: Hour) -> float | None:
    """Errors of the newest minute over 1 %, or its p99 over 1 s, for five minutes; three health checks."""
    if hour.scenario.crash:
        return float(HEALTH_CHECKS * WINDOW)
    return _first(_held(_minute_errors(hour) > 0.01) | _held(_p99(hour, MINUTE) > 1000))


def five_minute_average(hour: Hour) -> float | None:
    """The average of five minutes over 1 % of errors, or their p99 over 1 s; three health checks."""
    if hour.scenario.crash:
        return float(HEALTH_CHECKS * WINDOW)
    errors = _share(hour.errors[0], hour.requests[0], FIVE_MINUTES)
    bad = (errors > 0.01) | (_p99(hour, FIVE_MINUTES) > 1000)
    bad[: FIVE_MINUTES - 1] = False
    return _first(bad)


def argo(hour: Hour) -> float | None:
    """Each minute: success ≥ 99 % and p99 ≤ 500 ms; the fourth failure in all."""
    return _failures(hour, 4)


def flagger(hour: Hour) -> float | None:
    """The same; the fifth failure in all."""
    return _failures(hour, 5)


def kayenta(hour: Hour) -> float | None:
    """Mann–Whitney on the series of minutes, asked again every minute from the tenth on."""
    series = [_kayenta_series(hour, which) for which in (0, 1)]
    for minute in range(KAYENTA_FIRST, WINDOWS // MINUTE + 1):
        if any(_is_high(new[:minute], old[:minute]) for new, old in zip(*series, strict=True)):
            return minute * 60.0
    return None


def oracle(hour: Hour) -> float | None:
    """A sequential test between the two hypotheses that are true, each known in every window."""
    if hour.scenario.crash:
        return float(WINDOW)
    bad, good = hour.bad, hour.good
    requests, errors, buckets = hour.requests[0], hour.errors[0], hour.buckets[0]
    gain = errors * np.log(bad.errors / good.errors)
    gain += (requests - errors) * np.log((1 - bad.errors) / (1 - good.errors))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.maximum(bad.buckets, 1e-300) / np.maximum(good.buckets, 1e-300))
    gain += (buckets * np.clip(ratio, -50, 50)).sum(1)
    return _first(np.cumsum(gain) >= CERTAIN)


RIVALS: Mapping[str, Callable[[Hour], float | None]] = {
    "fixed": fixed_rules,
    "5-min avg": five_minute_average,
    "argo": argo,
    "flagger": flagger,
    "kayenta": kayenta,
    "oracle": oracle,
}


def _first(found: NDArray[np.bool_]) -> float | None:
    return float((int(np.argmax(found)) + 1) * WINDOW) if found.any() else None


def _sums(counts: Counts, windows: int) -> Counts:
    """Sums of the newest `windows`, or of as many as there are."""
    whole = np.concatenate([[0], np.cumsum(counts)])
    ends = np.arange(1, len(counts) + 1)
    return whole[ends] - whole[np.maximum(0, ends - windows)]


def _share(part: Counts, whole: Counts, windows: int) -> Floats:
    return _sums(part, windows) / np.maximum(1, _sums(whole, windows))


def _minute_errors(hour: Hour) -> Floats:
    return _share(hour.errors[0], hour.requests[0], MINUTE)


def _p99(hour: Hour, windows: int) -> Floats:
    """In ms, interpolated within its bucket as Prometheus does."""
    newest = np.stack([_sums(column, windows) for column in hour.buckets[0].T], 1)
    return _quantiles(newest.cumsum(1), 0.99)


def _held(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether it was so in each of the newest five minutes' windows."""
    found = _sums(bad.astype(np.int64), FIVE_MINUTES) == FIVE_MINUTES
    found[: FIVE_MINUTES - 1] = False
    return found


def _failures(hour: Hour, most: int) -> float | None:
    ends = slice(MINUTE - 1, None, MINUTE)
    failed = (_minute_errors(hour)[ends] > 0.01) | (_p99(hour, MINUTE)[ends] > 500)
    late = np.cumsum(failed) >= most
    return float((int(np.argmax(late)) + 1) * 60) if late.any() else None


def _kayenta_series(hour: Hour, which: int) -> list[Floats]:
    """Per minute: error rate, median and p99."""
    requests, errors = (column[which].reshape(-1, MINUTE).sum(1) for column in (hour.requests, hour.errors))
    below = hour.buckets[which].reshape(-1, MINUTE, len(EDGES) + 1).sum(1).cumsum(1)
    quantiles = [_quantiles(below, share) for share in (0.5, 0.99)]
    return [errors / np.maximum(1, requests), *quantiles]


def _quantiles(below: Counts, share: float) -> Floats:
    wanted = share * below[:, -1]
    index = np.minimum((below < wanted[:, None]).sum(1), len(EDGES) - 1)
    rows = np.arange(len(below))
    start = np.where(index > 0, below[rows, index - 1], 0)
    inside = np.maximum(1, below[rows, index] - start)
    lower = np.where(index > 0, EDGES[index - 1], 0.0)
    return lower + np.clip((wanted - start) / inside, 0, 1) * (EDGES[index] - lower)


def _is_high(new: Floats, old: Floats) -> bool:
    """The lower end of the confidence interval of the shift, above a quarter of the estimated shift."""
    differences = np.sort((new[:, None] - old[None, :]).ravel())
    size = len(new)
    spread = KAYENTA_Z * sqrt(size * size * (2 * size + 1) / 12)
    lower = differences[max(0, int(size * size / 2 - spread))]
    return bool(lower > KAYENTA_TOLERANCE * abs(float(np.median(differences))))
