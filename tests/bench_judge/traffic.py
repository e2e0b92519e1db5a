"""Traffic: one hour of a canary, drawn from a seed; and the hour of the same service before it."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from tests.bench_judge.scenarios import HOUR, WINDOW, Scenario

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

WINDOWS = HOUR // WINDOW
PODS = 10
EDGES: Floats = np.geomspace(1, 60_000, 43)
Z90, Z99 = 1.2815515655446004, 2.3263478740408408
NOISE_LASTS = 60.0  # seconds in which a pod's noise forgets two thirds of itself
WANDER_LASTS = 300.0
TICKS: Floats = np.arange(WINDOWS, dtype=np.float64) * WINDOW + WINDOW / 2
GRID: Floats = np.linspace(-9, 9, 7201)
BELOW: Floats = np.array([0.5 + erf(z / sqrt(2)) / 2 for z in GRID])
LATENCY_NOISE = 0.05  # of pods' latency, as a part of the noise of their errors


@dataclass(frozen=True)
class Rates:
    """What is true in each window: shares of errors, factors of latency, chances per bucket."""

    errors: Floats  # (windows,)
    buckets: Floats  # (windows, buckets)


@dataclass(frozen=True)
class Hour:
    """One canary: counts per window of ten seconds, and what an all-knowing judge would know."""

    scenario: Scenario
    requests: tuple[Counts, Counts]  # new, old
    errors: tuple[Counts, Counts]
    buckets: tuple[Counts, Counts]
    bad: Rates  # of the new version
    good: Rates  # as it would be if nothing were wrong with it


@dataclass(frozen=True)
class Before:
    """The hour before: per window, the service's latencies, and each pod's requests and errors."""

    buckets: Counts
    requests: Counts  # (windows, pods)
    errors: Counts
    slow: Counts  # beyond the service's ninth decile


def drawn(scenario: Scenario, seed: int) -> Hour:
    """One canary of this kind, from a seed."""
    return hour(scenario, np.random.default_rng(seed))


def hour(scenario: Scenario, random: np.random.Generator) -> Hour:
    """One canary of this kind."""
    ticks = TICKS
    common, slower = _common(scenario, ticks, random)
    share, volume = scenario.share, scenario.rps * WINDOW * _volume(scenario, ticks)
    pods = max(1, round(share * PODS))
    noise_new, shift_new = _pod_noise(scenario, pods, random)
    noise_old, shift_old = _pod_noise(scenario, PODS - pods, random)
    cold, cold_slower = _cold(ticks)
    old_cold, old_slow = (cold, cold_slower) if scenario.cold_both else (1.0, 1.0)
    new_cold, new_slow = (cold, cold_slower) if scenario.cold or scenario.cold_both else (1.0, 1.0)
    good = Rates(
        _share(common * noise_new * new_cold),
        _chances(scenario, slower * shift_new * new_slow, np.zeros(WINDOWS, bool)),
    )
    is_bad = ticks >= scenario.late
    after = scenario.errors if scenario.errors_new is None else scenario.errors_new
    worse = np.where(is_bad, after / scenario.errors, 1.0)
    bad = Rates(
        _share(good.errors * worse),
        _chances(scenario, slower * shift_new * new_slow, is_bad),
    )
    old = Rates(
        _share(common * noise_old * old_cold),
        _chances(scenario, slower * shift_old * old_slow, np.zeros(WINDOWS, bool)),
    )
    drawn = [_draw(random, volume * part, one) for part, one in ((share, bad), (1 - share, old))]
    (new_buckets, new_errors), (old_buckets, old_errors) = drawn
    return Hour(
        scenario,
        (new_buckets.sum(1), old_buckets.sum(1)),
        (new_errors, old_errors),
        (new_buckets, old_buckets),
        bad,
        good,
    )


def before(scenario: Scenario, random: np.random.Generator) -> Before:
    """The hour before a canary: ten pods of the old version, warm."""
    ticks = TICKS - HOUR
    common, slower = _common(scenario, ticks, random)
    volume = scenario.rps * WINDOW * _volume(scenario, ticks)
    chances = _chances(scenario, slower, np.zeros(WINDOWS, bool))
    noise = _noise(scenario.pods, NOISE_LASTS, PODS, random)
    requests = random.poisson(np.repeat(volume[:, None] / PODS, PODS, 1))
    errors = random.binomial(requests, _share(common[:, None] * noise))
    slower_pods = _noise(_unrest(scenario), NOISE_LASTS, PODS, random)
    decile = int(np.searchsorted(np.cumsum(chances.mean(0)), 0.9))
    beyond = np.stack(
        [
            _chances(scenario, slower * pod, np.zeros(WINDOWS, bool))[:, decile + 1 :].sum(1)
            for pod in slower_pods.T
        ],
        1,
    )
    slow = random.binomial(requests, np.clip(beyond, 0, 1))
    return Before(random.poisson(volume[:, None] * chances), requests, errors, slow)


def _draw(random: np.random.Generator, volume: Floats, rates: Rates) -> tuple[Counts, Counts]:
    buckets = random.poisson(volume[:, None] * rates.buckets)
    return buckets, random.binomial(buckets.sum(1), rates.errors)


def _common(scenario: Scenario, ticks: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """The share of errors and the factor of latency that both versions have in common."""
    errors, slower = np.full(WINDOWS, scenario.errors), np.ones(WINDOWS)
    if scenario.wander:
        wander = _noise(scenario.wander, WANDER_LASTS, 1, random)[:, 0]
        errors, slower = errors * wander, slower * wander**0.2
    if scenario.diurnal:
        wave = np.sin(2 * np.pi * (ticks / HOUR + random.random()))
        errors, slower = errors * np.exp(0.7 * wave), slower * np.exp(0.15 * wave)
    if scenario.bursts:
        for start in random.uniform(0, HOUR - 300, 3):
            during = (ticks >= start) & (ticks < start + 300)
            errors, slower = np.where(during, 0.05, errors), np.where(during, 2.0, slower)
    return errors, slower


def _volume(scenario: Scenario, ticks: Floats) -> Floats:
    return 1 + 0.5 * np.sin(2 * np.pi * ticks / HOUR) if scenario.diurnal else np.ones(WINDOWS)


def _cold(ticks: Floats) -> tuple[Floats, Floats]:
    """Empty caches: four times the errors and twice the latency at first, gone within two minutes."""
    return 1 + 3 * np.exp(-ticks / 25), 1 + np.exp(-ticks / 20)


def _pod_noise(scenario: Scenario, pods: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    noise = _noise(scenario.pods, NOISE_LASTS, pods, random).mean(1)
    slower = _noise(_unrest(scenario), NOISE_LASTS, pods, random).mean(1)
    return noise, slower


def _unrest(scenario: Scenario) -> float:
    return scenario.unrest or scenario.pods * LATENCY_NOISE


def _noise(sd: float, lasts: float, columns: int, random: np.random.Generator) -> Floats:
    """Factors whose logarithm wanders about its mean with this standard deviation; (windows, columns)."""
    kept = exp(-WINDOW / lasts)
    steps = random.standard_normal((WINDOWS, columns)) * sd
    found = np.empty_like(steps)
    found[0] = steps[0]
    for index in range(1, WINDOWS):
        found[index] = kept * found[index - 1] + sqrt(1 - kept * kept) * steps[index]
    return np.exp(found - sd * sd / 2)


def _share(rates: Floats) -> Floats:
    return np.clip(rates, 0.0, 0.95)


def _chances(scenario: Scenario, slower: Floats, is_bad: NDArray[np.bool_]) -> Floats:
    """The chance of each bucket in each window; latencies are log-normal."""
    sigma = log(scenario.p99 / scenario.p50) / Z99
    shift = np.log(slower) + np.where(is_bad, log(scenario.scale), 0.0)
    z = (np.log(EDGES)[None, :] - log(scenario.p50) - shift[:, None]) / sigma
    if scenario.tail != 1:
        wider = 1 + log(scenario.tail) / (sigma * (Z99 - Z90))
        z = np.where(is_bad[:, None] & (z > Z90), Z90 + (z - Z90) / wider, z)
    below = np.interp(z, GRID, BELOW)
    ones = np.ones((WINDOWS, 1))
    return np.clip(np.diff(np.hstack([0 * ones, below, ones]), axis=1), 0, 1)
