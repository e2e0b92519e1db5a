"""Fixed triggers: thresholds crossed for a whole window, and things that are bad at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

from orchestrate.analysis.evidence import TOLERATED, Tally
from orchestrate.analysis.series import Counted, Series, Stretch, is_well, quantile, slower_than, totals
from orchestrate.analysis.words import Trigger, count, percent, span
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import Sample

PARTS = 5  # a threshold is crossed for a window when it is crossed in each of so many parts of it
BURST = 0.2  # share of failed requests that is not waited out
BURST_SAMPLES = 3
LUCK = 5  # standard deviations by which the old slot's rate must be exceeded


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that was crossed; `shared` when the old slot is hardly better."""

    trigger: Trigger
    sentence: str
    numbers: dict[str, float] = field(default_factory=dict[str, float])
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The newest window of both slots, summed up."""

    found: Series
    triggers: Triggers
    stretch: Stretch
    sums: Counted
    old: Counted

    @property
    def is_known(self) -> bool:
        """Whether the old slot says what is usual."""
        return self.found.is_compared and self.old.requests >= self.triggers.minimum_requests

    def is_clearly_more(self, number: int, fair: float) -> bool:
        """More than the old slot's rate explains, with the tolerance and five standard deviations of luck."""
        tolerated = TOLERATED * fair
        return number > tolerated + LUCK * sqrt(tolerated * max(1.0, self.found.watch.prior.dispersion))


def crossings(found: Series, triggers: Triggers) -> tuple[Crossing, ...]:
    """Every fixed trigger that is crossed now, the most telling first."""
    window = _window(found, triggers)
    results = (
        _health(found, triggers),
        _restarts(found, triggers),
        _burst(found, triggers),
        _error_rate(window),
        _p99(window),
        _database_errors(window),
    )
    return tuple(crossing for crossing in results if crossing is not None)


def lingering(found: Series, triggers: Triggers) -> Crossing | None:
    """What is clearly over a threshold at the end of a watch, though not for a whole window of it."""
    window = _window(found, triggers)
    sums, old, stretch = window.sums, window.old, window.stretch
    if sums.requests < triggers.minimum_requests:
        return None
    allowed = max(triggers.error_rate / 10_000, old.error_share if window.is_known else 0.0)
    if window.is_clearly_more(sums.errors, allowed * sums.requests):
        share = percent(sums.errors, sums.requests)
        sentence = f"{share} of the last {count(sums.requests)} requests to {found.watch.slot} failed"
        return Crossing(Trigger.ERROR_RATE, sentence, _counted(sums.requests, sums.errors))
    most = triggers.response_time_p99
    slow = slower_than(stretch.buckets, most, found.edges)
    known = old.requests if window.is_known else 0
    was_slow = slower_than(stretch.old_buckets, most, found.edges) / known if known else 0.0
    if window.is_clearly_more(slow, max(0.01, was_slow) * sums.requests):
        sentence = (
            f"{count(slow)} of the last {count(sums.requests)} requests to {found.watch.slot} took more than"
            f" {count(most)} ms"
        )
        return Crossing(Trigger.RESPONSE_TIME_P99, sentence, {"slow": slow, "requests": sums.requests})
    return None


def _health(found: Series, triggers: Triggers) -> Crossing | None:
    if found.sickest < triggers.health_check_failures:
        return None
    failed = 0
    for sample in found.new:
        if (well := is_well(sample)) is None:
            continue
        failed = 0 if well else failed + 1
        if failed >= triggers.health_check_failures:
            why = f": {sample.note}" if sample.note else ""
            sentence = f"{found.watch.slot} failed {failed} health checks in a row{why}"
            return Crossing(Trigger.HEALTH_CHECKS, sentence, {"failed_in_a_row": failed})
    return None


def _restarts(found: Series, triggers: Triggers) -> Crossing | None:
    """As many restarts in one window as health checks may fail: a crash loop."""
    if not found.restarted:
        return None
    newest = found.new[-1].at
    restarts = sum(one.restarts for one in found.restarted if one.at > newest - triggers.window)
    if restarts < triggers.health_check_failures:
        return None
    sentence = f"instances in {found.watch.slot} were restarted {restarts} times in {span(triggers.window)}"
    return Crossing(Trigger.RESTARTS, sentence, {"restarts": restarts})


def _burst(found: Series, triggers: Triggers) -> Crossing | None:
    """A fifth of the newest requests fail, sample after sample, where no old slot can be compared."""
    if found.is_compared and next(found.pairs, None):
        return None
    newest: list[Sample] = []
    for sample in reversed([sample for sample in found.usable if sample.requests]):
        if sample.errors < BURST * sample.requests:
            break
        newest.append(sample)
    sums = totals(newest)
    if len(newest) < BURST_SAMPLES or sums.requests < triggers.minimum_requests:
        return None
    share = percent(sums.errors, sums.requests)
    sentence = f"{share} of the newest {count(sums.requests)} requests to {found.watch.slot} failed"
    return Crossing(Trigger.ERROR_BURST, sentence, _counted(sums.requests, sums.errors))


def _error_rate(window: Window) -> Crossing | None:
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    allowed = triggers.error_rate / 10_000
    if sums.error_share <= allowed:
        return None
    parts = _parts(window)
    if not parts or not all(totals(part).error_share > allowed for part in parts):
        return None
    sentence = (
        f"{percent(sums.errors, sums.requests)} of {count(sums.requests)} requests to {found.watch.slot}"
        f" failed over {span(triggers.window)}, and more than {percent(triggers.error_rate, 10_000)}"
        " throughout"
    )
    numbers = {**_counted(sums.requests, sums.errors), "allowed": allowed}
    if window.is_known:
        ratio = Tally(sums.requests, old.requests, sums.errors, old.errors).ratio
        numbers |= {"requests_old": old.requests, "bad_old": old.errors, "ratio": ratio}
    shared = window.is_known and not window.is_clearly_more(sums.errors, old.error_share * sums.requests)
    return Crossing(Trigger.ERROR_RATE, sentence, numbers, shared)


def _p99(window: Window) -> Crossing | None:
    """Over the threshold throughout, and clearly more often than the old slot is."""
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    if not sums.slow or sums.slow < 0.01 * sums.measured:
        return None
    parts, most = _parts(window), triggers.response_time_p99
    if not parts or not all(_p99_of(found, part) > most for part in parts):
        return None
    mine = window.stretch.quantile(0.99) or 0.0
    sentence = (
        f"1 % of {count(sums.requests)} requests to {found.watch.slot} took {count(mine)} ms or"
        f" longer over {span(triggers.window)}, and more than {count(most)} ms"
        " throughout"
    )
    numbers = {"p99": mine, "allowed": most, "requests": sums.requests}
    shared = window.is_known and not (
        mine > TOLERATED * (window.stretch.old_quantile(0.99) or 0.0)
        and window.is_clearly_more(sums.slow, old.slow / old.requests * sums.requests)
    )
    return Crossing(Trigger.RESPONSE_TIME_P99, sentence, numbers, shared)


def _database_errors(window: Window) -> Crossing | None:
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    if sums.database_errors < triggers.database_errors:
        return None
    fair = old.database_errors * sums.requests / old.requests if old.requests else 0.0
    sentence = f"{found.watch.slot} had {sums.database_errors} database errors in {span(triggers.window)}"
    numbers: dict[str, float] = {"database_errors": sums.database_errors, "allowed": triggers.database_errors}
    shared = found.is_compared and not window.is_clearly_more(sums.database_errors, fair)
    return Crossing(Trigger.DATABASE_ERRORS, sentence, numbers, shared)


def _window(found: Series, triggers: Triggers) -> Window:
    stretch = found.recent(triggers.window)
    return Window(found, triggers, stretch, stretch.sums, stretch.old)


def _parts(window: Window) -> list[Sequence[Sample]]:
    """The newest window in equal parts; none unless it is complete and has the requests it needs."""
    found, triggers = window.found, window.triggers
    if not window.stretch or window.sums.requests < triggers.minimum_requests:
        return []
    samples = window.stretch.samples
    end, step = samples[-1].at, found.watch.interval
    if end - triggers.window < found.watch.opened_at - step / 2:
        return []
    number = max(1, min(PARTS, triggers.window // step))
    width = triggers.window / number
    parts: list[list[Sample]] = [[] for _ in range(number)]
    for sample in samples:
        age = end - sample.at + step / 2  # of the middle of its interval: samples come a little early or late
        parts[min(number - 1, int(age / width))].append(sample)
    return [*parts] if all(parts) else []


def _p99_of(found: Series, samples: Sequence[Sample]) -> float:
    return quantile(totals(samples).buckets, 0.99, found.edges) or 0.0


def _counted(requests: int, errors: int) -> dict[str, float]:
    return {"requests": requests, "errors": errors, "rate": errors / requests if requests else 0.0}
