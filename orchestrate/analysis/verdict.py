"""Verdicts: pass, fail or inconclusive; what is missing never passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from math import ceil
from types import MappingProxyType

from orchestrate.analysis.alerts import (
    Alerts,
    level_numbers,
    metric_crossings,
    named_alerts,
    unproven,
    with_usual,
)
from orchestrate.analysis.before import NAME, HoursBefore, over_time
from orchestrate.analysis.comparison import Comparison
from orchestrate.analysis.series import Edges, Series, moments
from orchestrate.analysis.triggers import Crossing, crossings, lingering
from orchestrate.analysis.words import Trigger, count, percent, span
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import Watch

COMPLETE = 0.9  # share of the expected samples that proves a watch (V3)
NONE: Mapping[str, Alert] = MappingProxyType({})


def judge(  # noqa: PLR0913  what was measured, and each part of what the plan says about it
    watch: Watch,
    samples: Sequence[Sample],
    triggers: Triggers,
    monitoring: Monitoring,
    now: float,
    alerts: Alerts = NONE,
) -> Judgement:
    """What `samples` say about the slot of `watch` at the moment `now` (epoch seconds).

    Fails as soon as a trigger is crossed. Until the watch is over, nothing wrong is inconclusive
    ("watching"); at its end it passes if at least 90 % of the samples and enough requests prove it.
    A `watch.share` of 0 says that the component takes no traffic: then no requests are expected.
    What `alerts` say is told; only those with `rollback` have a part in the verdict.
    """
    looks = Looks(watch, triggers, alerts)
    for new, old in moments(watch, samples):
        looks.take(new, old)
    found, compared = looks.series, looks.comparison
    fixed = looks.crossings()
    crossed = (*fixed, *metric_crossings(found, alerts))
    verdict = looks.failure(crossed) or _proven(looks, crossed, now) or _otherwise(looks, crossed, now)
    named = _named(found, fixed, with_usual(alerts, monitoring, watch.interval))
    return verdict.model_copy(
        update={
            "alerts": (*named.values(), *_unmeasured(found)),
            "named_alerts": named,
            "numbers": {**compared.numbers, **level_numbers(found, alerts), **verdict.numbers},
        }
    )


class Looks:
    """What a watch has shown so far; who asks after each moment hears what `judge` would say."""

    def __init__(
        self, watch: Watch, triggers: Triggers, alerts: Alerts = NONE, edges: Edges = LATENCY_EDGES_MS
    ) -> None:
        self.series = Series(watch, triggers, edges)
        self._before = HoursBefore(watch) if watch.baseline is None and watch.share == 100 else None
        against = watch if self._before is None else over_time(watch)
        is_over_time = self._before is not None
        self.comparison = Comparison(against, triggers, edges, is_over_time=is_over_time)
        self.triggers, self.alerts = triggers, alerts

    def take(self, new: Sample, old: Sample | None) -> None:
        """The samples of the next moment; `old` where the old slot has a usable one."""
        self.series.take(new, old)
        if new.state is not SampleState.OK or not self.triggers.comparison:
            return
        before = self._before.next(new) if self._before and self._before.is_known else None
        other = old if self.series.is_compared else before
        if other is not None:
            self.comparison.take(new, other)

    def crossings(self) -> tuple[Crossing, ...]:
        """Every fixed trigger that is crossed now."""
        return crossings(self.series, self.triggers)

    def failure(self, crossed: Sequence[Crossing] | None = None) -> Judgement | None:
        """The judgement of the first thing that is bad enough to go back, of what is `crossed` now."""
        if crossed is None:
            crossed = (*self.crossings(), *metric_crossings(self.series, self.alerts))
        for crossing in crossed:
            if not crossing.shared:
                return _crossed(Verdict.FAIL, crossing, crossing.sentence)
        if worse := self.comparison.worse:
            watch = self.series.watch
            against = watch.baseline or NAME
            sentence = worse.sentence(watch.slot, against)
            if worse.trigger is not Trigger.ERROR_BURST:
                sentence = f"{sentence}; {self.comparison.allowance.words}"
            said = _says(Verdict.FAIL, worse.trigger, sentence, worse.numbers())
            return said.model_copy(update={"against": against})
        return None


def _proven(looks: Looks, crossed: tuple[Crossing, ...], now: float) -> Judgement | None:
    """A pass before the time is over, of a step that needs no longer: the declared harm would have shown."""
    found, triggers = looks.series, looks.triggers
    if found.watch.final or now >= found.watch.until or not looks.comparison.is_harm_excluded:
        return None
    ended_now = copy(found)
    ended_now.watch = found.watch.model_copy(update={"until": now})
    ended = _otherwise(looks, crossed, now, ended_now)
    if ended.verdict is not Verdict.PASS:
        return None
    excluded = f"{percent(triggers.smallest_harm, 10_000)} more errors would have shown by now"
    return ended.model_copy(update={"sentence": f"{ended.sentence}; {excluded}", "trigger": Trigger.EXCLUDED})


def _otherwise(
    looks: Looks, crossed: tuple[Crossing, ...], now: float, ended: Series | None = None
) -> Judgement:
    """Nothing is bad enough to go back: still watching, or at the end (of `ended`, where it ends early)."""
    found, triggers, alerts = ended or looks.series, looks.triggers, looks.alerts
    if now < found.watch.until:
        return _watching(found, now)
    return (
        _missing(found, triggers, alerts)
        or _too_few_requests(found, triggers)
        or _unsettled(found, triggers, crossed)
        or _passed(found, looks.comparison)
    )


def _watching(found: Series, now: float) -> Judgement:
    left = min(found.watch.until - now, found.watch.until - found.watch.opened_at)
    sums = found.whole().sums
    sentence = (
        f"{found.watch.slot} is being watched for {span(left)} more:"
        f" {percent(sums.errors, sums.requests)} of {count(sums.requests)} requests failed so far"
    )
    if found.new and not found.usable:
        sentence = f"{found.watch.slot} is being watched, but no sample is usable: {_reasons(found.new)}"
    return _says(Verdict.INCONCLUSIVE, Trigger.WATCHING, sentence, _numbers(found))


def _missing(found: Series, triggers: Triggers, alerts: Alerts) -> Judgement | None:
    """Too few usable samples of the new slot, of a series that decides, or of the old slot."""
    numbers = _numbers(found)
    have, expected = numbers["samples"], numbers["samples_expected"]
    if have < ceil(COMPLETE * expected):
        why = _reasons(found.new)
        sentence = f"only {count(have)} of {count(expected)} samples of {found.watch.slot} are usable{why}"
        return _says(Verdict.INCONCLUSIVE, Trigger.MISSING, sentence, numbers)
    if sentence := unproven(found, alerts, int(expected)):
        return _says(Verdict.INCONCLUSIVE, Trigger.MISSING, sentence, numbers)
    pairs = _moments(found, [new for new, _ in found.pairs])
    if found.is_compared and triggers.comparison and pairs < ceil(COMPLETE * expected):
        sentence = (
            f"only {count(pairs)} of {count(expected)} samples of {found.watch.baseline} are usable:"
            f" nothing to compare {found.watch.slot} with"
        )
        return _says(Verdict.INCONCLUSIVE, Trigger.MISSING, sentence, numbers)
    return None


def _too_few_requests(found: Series, triggers: Triggers) -> Judgement | None:
    if not found.takes_traffic:
        return None
    counted = {found.watch.slot: found.whole().sums.requests}
    if found.is_compared and triggers.comparison and found.watch.baseline is not None:
        counted[found.watch.baseline] = found.whole().old.requests
    slot, requests = min(counted.items(), key=lambda item: item[1])
    if requests >= triggers.minimum_requests:
        return None
    sentence = (
        f"{slot} had {count(requests)} requests; {count(triggers.minimum_requests)} are needed to judge"
    )
    return _says(Verdict.INCONCLUSIVE, Trigger.TOO_FEW_REQUESTS, sentence, _numbers(found))


def _unsettled(found: Series, triggers: Triggers, crossed: tuple[Crossing, ...]) -> Judgement | None:
    """Something is wrong at the end that is no reason to go back, and no reason to go on either."""
    if crossed:
        first = crossed[0]
        sentence = f"{first.sentence}; {found.watch.baseline} is hardly better, so going back may not help"
        return _crossed(Verdict.INCONCLUSIVE, first, sentence)
    if found.takes_traffic and (left := lingering(found, triggers)):
        sentence = f"{left.sentence}, though a threshold was not crossed for all of {span(triggers.window)}"
        return _says(Verdict.INCONCLUSIVE, left.trigger, sentence, {**_numbers(found), **left.numbers})
    asked = [sample for sample in found.new if sample.healthy is not None]
    if asked and not asked[-1].healthy:
        sentence = f"{found.watch.slot} was unhealthy when last seen: {asked[-1].note or 'no reason given'}"
        return _says(Verdict.INCONCLUSIVE, Trigger.HEALTH_CHECKS, sentence, _numbers(found))
    return None


def _passed(found: Series, compared: Comparison) -> Judgement:
    numbers = _numbers(found)
    sums, length = found.whole().sums, found.watch.until - found.watch.opened_at
    if not found.takes_traffic:
        sentence = f"{found.watch.slot} stayed healthy for {span(length)}; it takes no traffic"
        return _says(Verdict.PASS, Trigger.PASSED, sentence, numbers)
    latency = f" and 99 % took less than {count(numbers['p99'])} ms" if "p99" in numbers else ""
    allowed = f"; {compared.allowance.words}" if compared.numbers else ""
    sentence = (
        f"{percent(sums.errors, sums.requests)} of {count(sums.requests)} requests to {found.watch.slot}"
        f" failed in {span(length)}{latency}; no threshold was crossed{allowed}"
    )
    return _says(Verdict.PASS, Trigger.PASSED, sentence, numbers)


def _named(found: Series, crossed: tuple[Crossing, ...], alerts: Alerts) -> dict[str, str]:
    """What people should look at, without a rollback."""
    named = {crossing.trigger.value: crossing.sentence for crossing in crossed if crossing.shared}
    named |= named_alerts(found, alerts)
    if restarts := sum(sample.restarts for sample in found.new):
        named["restarts"] = f"instances in {found.watch.slot} were restarted {restarts} times"
    return named


def _unmeasured(found: Series) -> tuple[str, ...]:
    if not found.takes_traffic or not found.usable or any(sample.buckets for sample in found.usable):
        return ()
    return (f"latency of {found.watch.slot} is not measured: only errors and health were judged",)


def _numbers(found: Series) -> dict[str, float]:
    sums = found.whole().sums
    intervals = int((found.watch.until - found.watch.opened_at) / found.watch.interval + 0.5)
    numbers: dict[str, float] = {
        "samples": _moments(found, found.usable),
        # the first reading has nothing before it that it could be an increment to
        "samples_expected": max(1, intervals - 1),
        "requests": sums.requests,
        "errors": sums.errors,
        "rate": sums.error_share,
    }
    p99 = found.whole().quantile(0.99)
    return numbers if p99 is None else {**numbers, "p99": p99}


def _moments(found: Series, samples: Sequence[Sample]) -> int:
    """How many sampling moments of the watch are covered; a burst of samples counts once."""
    half = found.watch.interval / 2
    covered, last = 0, found.watch.opened_at - found.watch.interval
    for sample in samples:
        if last + half <= sample.at <= found.watch.until + half:
            covered, last = covered + 1, sample.at
    return covered


def _reasons(samples: Sequence[Sample]) -> str:
    """In which ways samples are missing, and how often."""
    states = Counter(sample.state for sample in samples if sample.state is not SampleState.OK)
    named = ", ".join(f"{state.value.replace('_', ' ')} {number} ×" for state, number in states.most_common())
    return f" ({named})" if named else " (the others were never taken)"


def _crossed(verdict: Verdict, crossing: Crossing, sentence: str) -> Judgement:
    said = _says(verdict, crossing.trigger, sentence, crossing.numbers)
    return said.model_copy(update={"against": crossing.against})


def _says(verdict: Verdict, trigger: Trigger, sentence: str, numbers: dict[str, float]) -> Judgement:
    return Judgement(verdict=verdict, trigger=trigger.value, sentence=sentence, numbers=numbers)
