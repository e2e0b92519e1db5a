"""Fixed triggers: thresholds crossed for a whole window, and things that are bad at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

from orchestrate.analysis.evidence import TOLERATED, Tally
from orchestrate.analysis.grounds import THRESHOLD, Grounds, multiple, over
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
    against: str = ""  # what the ratio among the numbers is of


def crossing(
    trigger: Trigger, said: str, grounds: Grounds, counts: dict[str, float], shared: bool = False
) -> Crossing:
    """A crossing that says what it rests on."""
    sentence, numbers = f"{said}: {grounds.words}", {**counts, **grounds.numbers}
    return Crossing(trigger, sentence, numbers, shared, grounds.against)


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

    def grounds(self, several: Sequence[bool], hits: tuple[int, int], allowed: float | None) -> Grounds:
        """Of `hits` in the new and the old slot; against the old slot where it says what is usual.

        `several` tells of each sample whether it was so; `allowed` hits are the threshold.
        """
        sums, old, seconds = self.sums, self.old, self.triggers.window
        if self.is_known and self.found.watch.baseline is not None:
            ratio = Tally(sums.requests, old.requests, *hits).ratio
            beside = (hits[1], old.requests)
            return Grounds(ratio, self.found.watch.baseline, seconds, *over(several), beside)
        return Grounds(multiple(hits[0], allowed or 0.0), THRESHOLD, seconds, *over(several))

    def old_counts(self, **hits: float) -> dict[str, float]:
        """What the old slot counted, where it says what is usual."""
        return {"requests_old": self.old.requests, **hits} if self.is_known else {}


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
    most = triggers.health_check_failures
    if found.sickest < most:
        return None
    failed, asked = 0, list[bool]()
    for sample in found.new:
        if (well := is_well(sample)) is None:
            continue
        asked.append(not well)
        failed = 0 if well else failed + 1
        if failed >= most:
            why = f"; {sample.note}" if sample.note else ""
            seconds = found.watch.interval * len(asked)
            grounds = Grounds(multiple(failed, most), THRESHOLD, seconds, *over(asked))
            counts: dict[str, float] = {"failed_in_a_row": failed, "allowed": most}
            said = f"{found.watch.slot} failed {failed} health checks in a row"
            crossed = crossing(Trigger.HEALTH_CHECKS, said, grounds, counts)
            return replace(crossed, sentence=f"{crossed.sentence}{why}")
    return None


def _restarts(found: Series, triggers: Triggers) -> Crossing | None:
    """As many restarts in one window as health checks may fail: a crash loop."""
    if not found.restarted:
        return None
    newest, most = found.new[-1].at, triggers.health_check_failures
    restarts = sum(one.restarts for one in found.restarted if one.at > newest - triggers.window)
    if restarts < most:
        return None
    several = [one.restarts > 0 for one in found.new if one.at > newest - triggers.window]
    grounds = Grounds(multiple(restarts, most), THRESHOLD, triggers.window, *over(several))
    said = f"instances in {found.watch.slot} were restarted {restarts} times in {span(triggers.window)}"
    return crossing(Trigger.RESTARTS, said, grounds, {"restarts": restarts, "allowed": most})


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
    seconds, ratio = found.watch.interval * len(newest), multiple(sums.error_share, BURST)
    grounds = Grounds(ratio, THRESHOLD, seconds, len(newest), len(newest))
    share = percent(sums.errors, sums.requests)
    said = f"{share} of the newest {count(sums.requests)} requests to {found.watch.slot} failed"
    counts = {**_counted(sums.requests, sums.errors), "allowed": BURST}
    return crossing(Trigger.ERROR_BURST, said, grounds, counts)


def _error_rate(window: Window) -> Crossing | None:
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    allowed = triggers.error_rate / 10_000
    if sums.error_share <= allowed:
        return None
    parts = _parts(window)
    if not parts or not all(totals(part).error_share > allowed for part in parts):
        return None
    said = (
        f"{percent(sums.errors, sums.requests)} of {count(sums.requests)} requests to {found.watch.slot}"
        f" failed over {span(triggers.window)}, and more than {percent(triggers.error_rate, 10_000)}"
        " throughout"
    )
    several = [one.errors > allowed * one.requests for one in window.stretch.samples]
    grounds = window.grounds(several, (sums.errors, old.errors), allowed * sums.requests)
    counts = {**_counted(sums.requests, sums.errors), "allowed": allowed}
    shared = window.is_known and not window.is_clearly_more(sums.errors, old.error_share * sums.requests)
    beside = window.old_counts(bad_old=old.errors)
    return crossing(Trigger.ERROR_RATE, said, grounds, {**counts, **beside}, shared)


def _p99(window: Window) -> Crossing | None:
    """Over the threshold throughout, and clearly more often than the old slot is."""
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    if not sums.slow or sums.slow < 0.01 * sums.measured:
        return None
    parts, most = _parts(window), triggers.response_time_p99
    if not parts or not all(_p99_of(found, part) > most for part in parts):
        return None
    mine, usual = window.stretch.quantile(0.99) or 0.0, window.stretch.old_quantile(0.99) or 0.0
    said = (
        f"1 % of {count(sums.requests)} requests to {found.watch.slot} took {count(mine)} ms or"
        f" longer over {span(triggers.window)}, and more than {count(most)} ms"
        " throughout"
    )
    several = [_p99_of(found, [one]) > most for one in window.stretch.samples]
    against, ratio = THRESHOLD, multiple(mine, most)
    if window.is_known and usual and found.watch.baseline is not None:
        against, ratio = found.watch.baseline, multiple(mine, usual)
    grounds = Grounds(ratio, against, triggers.window, *over(several))
    counts: dict[str, float] = {"p99": mine, "allowed": most, "requests": sums.requests, "slow": sums.slow}
    counts |= window.old_counts(p99_old=usual, slow_old=old.slow)
    shared = window.is_known and not (
        mine > TOLERATED * usual
        and window.is_clearly_more(sums.slow, old.slow / old.requests * sums.requests)
    )
    return crossing(Trigger.RESPONSE_TIME_P99, said, grounds, counts, shared)


def _database_errors(window: Window) -> Crossing | None:
    found, triggers, sums, old = window.found, window.triggers, window.sums, window.old
    had, most = sums.database_errors, triggers.database_errors
    if had < most:
        return None
    fair = old.database_errors * sums.requests / old.requests if old.requests else 0.0
    said = (
        f"{found.watch.slot} had {count(had)} database errors in {span(triggers.window)}"
        f" and {count(sums.requests)} requests"
    )
    several = [one.database_errors > 0 for one in window.stretch.samples]
    grounds = window.grounds(several, (had, old.database_errors), most)
    counts: dict[str, float] = {"database_errors": had, "allowed": most, "requests": sums.requests}
    counts |= window.old_counts(database_errors_old=old.database_errors)
    shared = found.is_compared and not window.is_clearly_more(had, fair)
    return crossing(Trigger.DATABASE_ERRORS, said, grounds, counts, shared)


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
