"""Fixed triggers: thresholds crossed for a whole window, and things that are bad at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from orchestrate.analysis.evidence import TOLERATED
from orchestrate.analysis.series import Series, quantile, slower_than, totals
from orchestrate.analysis.words import Trigger, count, percent, span
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import Sample, SampleState

PARTS = 5  # a threshold is crossed for a window when it is crossed in each of so many parts of it
BURST = 0.2  # share of failed requests that is not waited out
BURST_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that was crossed; `shared` when the old slot is hardly better."""

    trigger: Trigger
    sentence: str
    numbers: dict[str, float] = field(default_factory=dict[str, float])
    shared: bool = False


Rule = Callable[[Series, Triggers], Crossing | None]


def crossings(found: Series, triggers: Triggers) -> tuple[Crossing, ...]:
    """Every fixed trigger that is crossed now, the most telling first."""
    rules: tuple[Rule, ...] = (_health, _restarts, _burst, _error_rate, _p99, _database_errors)
    results = [rule(found, triggers) for rule in rules]
    return tuple(crossing for crossing in results if crossing is not None)


def lingering(found: Series, triggers: Triggers) -> Crossing | None:
    """What is clearly over a threshold at the end of a watch, though not for a whole window of it."""
    window = found.recent(triggers.window)
    sums, old = totals(window), found.baseline_of(window)
    if sums.requests < triggers.minimum_requests:
        return None
    known = found.is_compared and old.requests >= triggers.minimum_requests
    allowed = max(triggers.error_rate / 10_000, old.error_share if known else 0.0)
    if _is_clearly_more(sums.errors, allowed * sums.requests):
        share = percent(sums.errors, sums.requests)
        sentence = f"{share} of the last {count(sums.requests)} requests to {found.watch.slot} failed"
        return Crossing(Trigger.ERROR_RATE, sentence, _counted(sums.requests, sums.errors))
    slow = slower_than(sums.buckets, triggers.response_time_p99)
    was_slow = slower_than(old.buckets, triggers.response_time_p99) / old.requests if known else 0.0
    if _is_clearly_more(slow, max(0.01, was_slow) * sums.requests):
        sentence = (
            f"{count(slow)} of the last {count(sums.requests)} requests to {found.watch.slot} took more than"
            f" {count(triggers.response_time_p99)} ms"
        )
        return Crossing(Trigger.RESPONSE_TIME_P99, sentence, {"slow": slow, "requests": sums.requests})
    return None


def _health(found: Series, triggers: Triggers) -> Crossing | None:
    failed = 0
    for sample in found.new:
        if sample.healthy is None and sample.state is not SampleState.NO_INSTANCE:
            continue
        is_well = sample.healthy and sample.state is not SampleState.NO_INSTANCE
        failed = 0 if is_well else failed + 1
        if failed >= triggers.health_check_failures:
            why = f": {sample.note}" if sample.note else ""
            sentence = f"{found.watch.slot} failed {failed} health checks in a row{why}"
            return Crossing(Trigger.HEALTH_CHECKS, sentence, {"failed_in_a_row": failed})
    return None


def _restarts(found: Series, triggers: Triggers) -> Crossing | None:
    """As many restarts in one window as health checks may fail: a crash loop."""
    times = [(sample.at, sample.restarts) for sample in found.new if sample.restarts]
    newest = max((sample.at for sample in found.new), default=0.0)
    restarts = sum(number for at, number in times if at > newest - triggers.window)
    if restarts < triggers.health_check_failures:
        return None
    sentence = f"instances in {found.watch.slot} were restarted {restarts} times in {span(triggers.window)}"
    return Crossing(Trigger.RESTARTS, sentence, {"restarts": restarts})


def _burst(found: Series, triggers: Triggers) -> Crossing | None:
    """A fifth of the newest requests fail, sample after sample, where no old slot can be compared."""
    if found.is_compared and found.pairs:
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


def _error_rate(found: Series, triggers: Triggers) -> Crossing | None:
    allowed = triggers.error_rate / 10_000
    parts = _parts(found, triggers)
    if not parts or not all(totals(part).error_share > allowed for part in parts):
        return None
    window = found.recent(triggers.window)
    sums, old = totals(window), found.baseline_of(window)
    known = found.is_compared and old.requests >= triggers.minimum_requests
    sentence = (
        f"{percent(sums.errors, sums.requests)} of {count(sums.requests)} requests to {found.watch.slot}"
        f" failed over {span(triggers.window)}, and more than {percent(triggers.error_rate, 10_000)}"
        " throughout"
    )
    numbers = {**_counted(sums.requests, sums.errors), "allowed": allowed}
    shared = known and not _is_clearly_more(sums.errors, old.error_share * sums.requests)
    return Crossing(Trigger.ERROR_RATE, sentence, numbers, shared)


def _p99(found: Series, triggers: Triggers) -> Crossing | None:
    parts = _parts(found, triggers)
    if not parts or not all(_p99_of(part) > triggers.response_time_p99 for part in parts):
        return None
    window = found.recent(triggers.window)
    mine, old = _p99_of(window), quantile(found.baseline_of(window).buckets, 0.99) or 0.0
    known = found.is_compared and found.baseline_of(window).requests >= triggers.minimum_requests
    sentence = (
        f"1 % of {count(totals(window).requests)} requests to {found.watch.slot} took {count(mine)} ms or"
        f" longer over {span(triggers.window)}, and more than {count(triggers.response_time_p99)} ms"
        " throughout"
    )
    numbers = {"p99": mine, "allowed": triggers.response_time_p99, "requests": totals(window).requests}
    return Crossing(Trigger.RESPONSE_TIME_P99, sentence, numbers, known and mine <= TOLERATED * old)


def _database_errors(found: Series, triggers: Triggers) -> Crossing | None:
    window = found.recent(triggers.window)
    sums, old = totals(window), found.baseline_of(window)
    if sums.database_errors < triggers.database_errors:
        return None
    fair = old.database_errors * sums.requests / old.requests if old.requests else 0.0
    sentence = f"{found.watch.slot} had {sums.database_errors} database errors in {span(triggers.window)}"
    numbers: dict[str, float] = {"database_errors": sums.database_errors, "allowed": triggers.database_errors}
    shared = found.is_compared and not _is_clearly_more(sums.database_errors, fair)
    return Crossing(Trigger.DATABASE_ERRORS, sentence, numbers, shared)


def _is_clearly_more(number: int, fair: float) -> bool:
    """More than the old slot's rate explains, with the tolerance and three standard deviations of luck."""
    tolerated = TOLERATED * fair
    return number > tolerated + 3 * sqrt(tolerated)


def _parts(found: Series, triggers: Triggers) -> list[Sequence[Sample]]:
    """The newest window in equal parts; none unless it is complete and has the requests it needs."""
    window = found.recent(triggers.window)
    if not window or totals(window).requests < triggers.minimum_requests:
        return []
    end, step = window[-1].at, found.watch.interval
    if end - triggers.window < found.watch.opened_at - step / 2:
        return []
    number = max(1, min(PARTS, triggers.window // step))
    width = triggers.window / number
    parts: list[list[Sample]] = [[] for _ in range(number)]
    for sample in window:
        age = end - sample.at + step / 2  # of the middle of its interval: samples come a little early or late
        parts[min(number - 1, int(age / width))].append(sample)
    return [*parts] if all(parts) else []


def _p99_of(samples: Sequence[Sample]) -> float:
    return quantile(totals(samples).buckets, 0.99) or 0.0


def _counted(requests: int, errors: int) -> dict[str, float]:
    return {"requests": requests, "errors": errors, "rate": errors / requests if requests else 0.0}
