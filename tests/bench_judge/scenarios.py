"""Scenarios: thirteen kinds of healthy canary and their like, and 53 kinds of regression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

HOUR = 3600
WINDOW = 10


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One kind of canary; shares and factors are those of the new version, where it differs."""

    name: str
    rps: float = 100.0  # of the whole service
    share: float = 0.1  # of the requests that the new version gets
    errors: float = 0.001
    errors_new: float | None = None  # None: as the old version
    p50: float = 80.0
    p99: float = 400.0
    scale: float = 1.0  # all latencies of the new version
    tail: float = 1.0  # its p99; what is faster than its p90 stays
    late: float = 0.0  # seconds until the regression begins
    diurnal: bool = False
    bursts: bool = False  # a dependency fails one request in twenty, three times for five minutes, in both
    wander: float = 0.0  # sd of the logarithm of the error rate, common to both
    pods: float = 0.0  # the same, of each pod by itself
    unrest: float = 0.0  # sd of the logarithm of the latency of each pod by itself
    is_first: bool = False  # nothing was measured before
    cold: bool = False  # the new version starts with empty caches
    cold_both: bool = False  # so does the old one, which is restarted with it
    crash: bool = False  # the new version answers no health check
    paired: bool = False  # judged against a baseline that was restarted with it
    promoted: bool = False  # it has all the traffic, and is judged against the hour before

    @property
    def is_healthy(self) -> bool:
        return self.errors_new is None and self.scale == self.tail == 1 and not self.crash

    @property
    def is_warm(self) -> bool:
        """Whether it may be judged without an allowance for a cold start."""
        return not self.cold


def healthy() -> Iterator[Scenario]:
    """Where a rollback is a false alarm."""
    yield Scenario(name="independent 0.1 %")
    yield Scenario(name="independent 1 %", errors=0.01)
    yield Scenario(name="1 request/s", rps=1)
    yield Scenario(name="1 request/s 1 %", rps=1, errors=0.01)
    yield Scenario(name="1,000 requests/s", rps=1000)
    yield WANDERING
    yield DIURNAL
    yield Scenario(name="shared bursts", bursts=True)
    yield Scenario(name="usually 1.2 % errors", errors=0.012, wander=0.3)
    yield Scenario(name="usually p99 1.1 s", p50=220, p99=1100)
    yield Scenario(name="noisy pods sd 0.2", pods=0.2, errors=0.005)
    yield Scenario(name="noisy pods sd 0.4", pods=0.4, errors=0.005)
    yield Scenario(name="restless pods sd 0.2", unrest=0.2)
    yield Scenario(
        name="busy machine, first release", rps=40, share=0.5, p50=2, p99=20, unrest=0.4, is_first=True
    )
    yield Scenario(name="half and half", share=0.5)
    yield COLD
    for one in (
        Scenario(name="independent"),
        replace(WANDERING, errors=0.002),
        DIURNAL,
        Scenario(name="restless", unrest=0.2),
    ):
        yield _promoted(one)
    yield Scenario(name="both restarted 20/s", rps=20, share=0.5, cold_both=True, paired=True)
    yield Scenario(name="both restarted 200/s", rps=200, share=0.5, cold_both=True, paired=True)


WANDERING = Scenario(name="autocorrelated", wander=0.5, errors=0.004)
DIURNAL = Scenario(name="diurnal", diurnal=True, errors=0.003)
COLD = Scenario(name="cold start", cold=True)


def regressions() -> Iterator[Scenario]:
    """The 53 that are counted."""
    for rps in (1, 10, 100, 1000):
        for before, after in ((0.1, 0.2), (0.1, 1), (1, 5), (0.1, 5), (0.1, 50)):
            yield errors(rps, before, after)
    for rps in (10, 100, 1000):
        for factor in (1.1, 1.25, 1.5, 2.0):
            yield Scenario(name=f"all slower ×{factor:g}, {rps}/s", rps=rps, scale=factor)
            yield Scenario(name=f"tail slower ×{factor:g}, {rps}/s", rps=rps, tail=factor)
    yield Scenario(name="all slower ×3, 100/s", scale=3)
    yield Scenario(name="tail slower ×3, 100/s", tail=3)
    yield replace(errors(100, 0.1, 1), name="errors 0.1→1 % at 20 min", late=1200)
    yield replace(errors(100, 0.1, 5), name="errors 0.1→5 % at 40 min", late=2400)
    yield Scenario(name="all slower ×1.5 at 20 min", scale=1.5, late=1200)
    yield Scenario(name="no health check answered", crash=True, errors_new=0.5)
    yield replace(errors(100, 0.3, 1.5), name="diurnal, errors 0.3→1.5 %", diurnal=True)
    yield replace(errors(100, 0.5, 2), name="noisy pods, errors 0.5→2 %", pods=0.2)
    yield replace(errors(100, 0.2, 2), name="cold start, errors 0.2→2 %", cold=True)


def against_restarted() -> Iterator[Scenario]:
    """Half of the requests to the canary, half to a baseline that was restarted with it; not among the 53."""
    for rps in (20, 200):
        for before, after in ((0.1, 1), (1, 5), (0.1, 5)):
            yield _restarted(errors(rps, before, after))
        yield _restarted(Scenario(name=f"all slower ×1.5, {rps}/s", rps=rps, scale=1.5))
        yield _restarted(Scenario(name=f"tail slower ×2, {rps}/s", rps=rps, tail=2))


def after_the_promotion() -> Iterator[Scenario]:
    """All the requests to the new version, and the hour before to compare with; not among the 53."""
    for before, after in ((0.1, 1), (1, 5), (0.1, 5)):
        yield _promoted(errors(100, before, after))
    yield _promoted(Scenario(name="all slower ×1.5", scale=1.5))
    yield _promoted(Scenario(name="tail slower ×2", tail=2))


def errors(rps: float, before: float, after: float) -> Scenario:
    """Error shares in percent."""
    return Scenario(
        name=f"errors {before:g}→{after:g} %, {rps:g}/s",
        rps=rps,
        errors=before / 100,
        errors_new=after / 100,
    )


def _promoted(one: Scenario) -> Scenario:
    return replace(one, name=f"{one.name}, after the promotion", share=0.9, promoted=True)


def _restarted(one: Scenario) -> Scenario:
    return replace(one, name=f"{one.name}, both restarted", share=0.5, cold_both=True, paired=True)
