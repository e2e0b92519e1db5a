"""Alerts: thresholds whose crossing people are told of, and those that take a release back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, isfinite

from orchestrate.analysis.grounds import THRESHOLD, Grounds, multiple, over
from orchestrate.analysis.series import Series
from orchestrate.analysis.triggers import Crossing, crossing
from orchestrate.analysis.words import Trigger, amount, span
from orchestrate.models.alert import CPU, MEASURED, MEMORY, Alert
from orchestrate.models.environment import Monitoring
from orchestrate.models.sample import Sample, SampleState

COMPLETE = 0.9  # share of a window's readings that must be there for a threshold to be crossed throughout
SILENT = 3  # readings in a row without a number, until that is told
USUAL_SAMPLES = 6  # for so many samples CPU and memory must be over their usual threshold
TITLES: Mapping[str, str] = {CPU: "CPU"}

Alerts = Mapping[str, Alert]
Reading = float | SampleState


@dataclass(frozen=True, slots=True)
class Level:
    """Where a series was over the window of its alert."""

    name: str
    alert: Alert
    slot: str
    value: float  # mean
    is_crossed: bool
    several: tuple[bool, ...]  # of each number in the window: whether it is over the threshold

    @property
    def subject(self) -> str:
        title = TITLES.get(self.name, self.name)
        return f"{title} of {self.slot}" if self.alert.is_of_slot else title

    @property
    def unit(self) -> str:
        return " %" if self.name in MEASURED else ""

    @property
    def threshold(self) -> str:
        """`above 70 % for 5 min`."""
        above, below = self.alert.above, self.alert.below
        side = f"above {plain(above)}" if above is not None else f"below {plain(below or Decimal())}"
        lasting = f" for {span(self.alert.window)}" if self.alert.window else ""
        return f"{side}{self.unit}{lasting}"


def with_usual(alerts: Alerts, monitoring: Monitoring, interval: int) -> dict[str, Alert]:
    """`alerts`, and those for CPU and memory that everybody has."""
    window = USUAL_SAMPLES * interval
    usual = {
        CPU: Alert(above=Decimal(monitoring.alert_cpu), window=window),
        MEMORY: Alert(above=Decimal(monitoring.alert_memory), window=window),
    }
    return {**usual, **alerts}


def named_alerts(found: Series, alerts: Alerts) -> dict[str, str]:
    """What people should look at now, by name."""
    told: dict[str, str] = {}
    for name, alert in alerts.items():
        level = level_of(found, name, alert)
        if level is not None and level.is_crossed and not _decides(found, level):
            told[name] = f"{level.subject} is at {amount(level.value)}{level.unit} (alert {level.threshold})"
        elif silence := _silence(found, name):
            told[f"{name}: no data"] = f"no data about {name} of {found.watch.slot}: {silence}"
    return told


def metric_crossings(found: Series, alerts: Alerts) -> Iterator[Crossing]:
    """Series with `rollback` that were over their threshold for all of their window."""
    for name, alert in alerts.items():
        level = level_of(found, name, alert) if alert.rollback else None
        if level is None or not level.is_crossed:
            continue
        yield _crossed(found, level)


def _crossed(found: Series, level: Level) -> Crossing:
    above, below = level.alert.above, level.alert.below
    limit, usual = float(above if above is not None else below or 0), _usual(found, level)
    of, against = limit, THRESHOLD
    if usual is not None and usual > 0 and found.watch.baseline is not None:
        of, against = usual, found.watch.baseline
    seconds = max(level.alert.window, found.watch.interval)
    grounds = Grounds(multiple(level.value, of), against, seconds, *over(level.several))
    numbers = {level.name: level.value, "allowed": limit}
    numbers |= {} if usual is None else {f"{level.name}_old": usual}
    said = f"{level.subject} is at {amount(level.value)}{level.unit}, and has been {level.threshold}"
    return crossing(Trigger.METRIC, said, grounds, numbers, shared=not _decides(found, level))


def unproven(found: Series, alerts: Alerts, expected: int) -> str:
    """Which series that could take the release back were not measured for long enough, or ''."""
    for name, alert in alerts.items():
        have = len(_numbers(_readings(found.new, name)))
        if alert.rollback and have < ceil(COMPLETE * expected):
            silence = _silence(found, name)
            return (
                f"only {have} of {expected} samples of {name} are usable{f' ({silence})' if silence else ''}"
            )
    return ""


def level_numbers(found: Series, alerts: Alerts) -> dict[str, float]:
    """Where each series is, for the judgement."""
    levels = [level_of(found, name, alert) for name, alert in alerts.items()]
    return {f"alert_{level.name}": round(level.value, 6) for level in levels if level is not None}


def level_of(found: Series, name: str, alert: Alert) -> Level | None:
    """Where the series is at the end of what was sampled; None when that is not known."""
    wanted = max(1, round(alert.window / found.watch.interval))
    newest = _readings(found.new, name)[-wanted:]
    numbers = _numbers(newest)
    if not numbers or (wanted == 1 and not isinstance(newest[-1], float)):
        return None
    is_whole = len(numbers) >= ceil(COMPLETE * wanted)
    several = tuple(alert.is_crossed(one) for one in numbers)
    mean = sum(numbers) / len(numbers)
    return Level(name, alert, found.watch.slot, mean, is_whole and all(several), several)


def plain(number: Decimal) -> str:
    """A threshold as it was written: 0.5, 1000."""
    return f"{number:f}"


def _decides(found: Series, level: Level) -> bool:
    """Whether it takes the release back: not when the old slot is over the threshold too."""
    if not level.alert.rollback:
        return False
    usual = _usual(found, level)
    return usual is None or not level.alert.is_crossed(usual)


def _usual(found: Series, level: Level) -> float | None:
    """Where the old slot is over the same window; None where there is none to compare with."""
    if not (level.alert.is_of_slot and found.is_compared):
        return None
    wanted = max(1, round(level.alert.window / found.watch.interval))
    old = _numbers(_readings([old for _, old in found.pairs], level.name)[-wanted:])
    return sum(old) / len(old) if old else None


def _silence(found: Series, name: str) -> str:
    """In which way the newest readings are missing, or ''; what the provider measures may stay unmeasured."""
    newest = [] if name in MEASURED else _readings(found.new, name)[-SILENT:]
    if len(newest) < SILENT or _numbers(newest):
        return ""
    return str(newest[-1]).replace("_", " ")


def _readings(samples: Sequence[Sample], name: str) -> list[Reading]:
    found = [_told(one, name) for one in samples]
    return [_reading(one) for one in found if one is not None]


def _told(sample: Sample, name: str) -> Reading | None:
    measured = {CPU: sample.cpu, MEMORY: sample.memory_share}
    return measured[name] if name in measured else sample.series.get(name)


def _reading(told: Reading) -> Reading:
    return told if isinstance(told, SampleState) or isfinite(told) else SampleState.NOT_A_NUMBER


def _numbers(readings: Sequence[Reading]) -> list[float]:
    return [one for one in readings if not isinstance(one, SampleState)]
