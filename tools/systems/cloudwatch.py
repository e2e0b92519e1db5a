"""CloudWatch: numbers of a load balancer's target groups, one for each slot; they are minutes late."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.aws import Aws, Ecs
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters, SampleState
from tools.metrics import combined, running_slots, state_of
from tools.provider import shares
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

MINUTE = 60
SETTLED = 2 * MINUTE  # a minute is taken for complete so long after its end
LATE = 5 * MINUTE  # without a newer number than this, a slot with traffic has no data
LONGEST = 24 * 60 * MINUTE  # what is asked for at once
KEPT = 25.0  # seconds for which an answer is used again: nothing new comes sooner
ERRORS = ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount")
REQUESTS, SECONDS = "RequestCount", "TargetResponseTime"

Told = Mapping[str, Mapping[datetime, float]]
Numbers = Counters | SampleState


@dataclass(frozen=True)
class Answer:
    """What a slot's numbers were, and when they were asked for."""

    at: float
    numbers: Numbers


class CloudWatchMetrics:
    """Asks for what the load balancer counted of each slot since this watcher began to look.

    Totals grow by whole minutes. A restarted worker begins anew.
    """

    def __init__(self, secrets: Callable[[str], str] | None, clock: Callable[[], float] = time.time) -> None:
        self._secrets, self._clock = secrets, clock
        self._accounts: dict[Aws, Account] = {}
        self._origins: dict[tuple[str, str, str], float] = {}
        self._answers: dict[tuple[str, str, str], Answer] = {}

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        weighed = shares(running.weights)
        return {
            slot.name: await self._slot(component, slot, has_traffic=slot.name in weighed)
            for slot in running_slots(running)
        }

    async def _slot(self, component: Component, slot: Slot, *, has_traffic: bool) -> Numbers:
        key = (component.name, slot.name, slot.version.tree if slot.version else "")
        before, now = self._answers.get(key), self._clock()
        if before is None or now - before.at >= KEPT:
            origin = self._origin(key, slot, now)
            before = Answer(now, await self._asked(component, slot, origin, has_traffic=has_traffic))
            self._answers[key] = before
        return before.numbers

    def _origin(self, key: tuple[str, str, str], slot: Slot, now: float) -> float:
        """From which minute on is counted: since the slot began, or since it was first looked at."""
        known = self._origins.get(key)
        if known is None or now - known > LONGEST:
            began = min((one.started_at.timestamp() for one in slot.instances), default=now)
            known = max(began, now - LATE) // MINUTE * MINUTE
            self._origins[key] = known
        return known

    async def _asked(self, component: Component, slot: Slot, origin: float, *, has_traffic: bool) -> Numbers:
        own = component.ecs
        if own is None or own.target_groups is None:
            return SampleState.NO_DATA
        end = (self._clock() - SETTLED) // MINUTE * MINUTE
        if end <= origin:
            return SampleState.NO_DATA
        try:
            told = await self._told(own, _dimensions(own, slot.name), origin, end)
        except OutsideFailed as problem:
            return state_of(problem)
        newest = max((at.timestamp() for at in told.get(REQUESTS, {})), default=0.0)
        is_late = has_traffic and newest < end - LATE
        return SampleState.NO_DATA if not newest or is_late else _counters(told, origin)

    async def _told(self, own: Ecs, dimensions: list[Json], begin: float, end: float) -> Told:
        """Metric → minute → number, of all pages. Raises what Account.ask raises."""
        account = self._accounts.setdefault(own.aws, Account(own.aws, self._secrets))
        found: dict[str, dict[datetime, float]] = {}
        more: Json = {}
        while True:
            told = await account.ask(
                Call.METRICS,
                MetricDataQueries=_queries(dimensions),
                StartTime=datetime.fromtimestamp(begin, UTC),
                EndTime=datetime.fromtimestamp(end, UTC),
                **more,
            )
            for one in cast("list[Json]", told.get("MetricDataResults", [])):
                moments = cast("list[datetime]", one.get("Timestamps", []))
                values = cast("list[float]", one.get("Values", []))
                found.setdefault(str(one["Label"]), {}).update(zip(moments, values, strict=True))
            if not told.get("NextToken"):
                return found
            more = {"NextToken": told["NextToken"]}


def _dimensions(own: Ecs, slot: str) -> list[Json]:
    """The slot's target group and its load balancer, as CloudWatch calls both: the ends of their ARNs."""
    assert own.target_groups is not None
    group = own.target_groups.blue if slot == "blue" else own.target_groups.green
    balancer = own.rule.rpartition(":listener-rule/")[2].rsplit("/", 2)[0]
    return [
        {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
        {"Name": "LoadBalancer", "Value": balancer},
    ]


def _queries(dimensions: list[Json]) -> list[Json]:
    """Counts, and of the response times how many were at most as long as each edge of our histogram.

    TC(:N) is the trimmed count: how many values of the period are at most N in the metric's own unit, here
    seconds; the upper bound is included, and one bound may be left out
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html).
    """
    counts = [(name, name, "Sum") for name in (REQUESTS, *ERRORS)]
    times = [(_edge(edge), SECONDS, f"TC(:{edge / 1000:g})") for edge in LATENCY_EDGES_MS]
    times += [("all", SECONDS, "SampleCount")]
    return [
        {
            "Id": f"m{number}",
            "Label": label,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
                "Period": MINUTE,
                "Stat": stat,
            },
        }
        for number, (label, name, stat) in enumerate([*counts, *times])
    ]


def _edge(edge: int) -> str:
    return f"at most {edge} ms"


def _counters(told: Told, origin: float) -> Counters | SampleState:
    """The totals, as a part of their own: what counts from another minute on is never compared with them."""
    totals = {label: sum(values.values()) for label, values in told.items()}
    if any(value != value or value < 0 for value in totals.values()):
        return SampleState.NOT_A_NUMBER
    requests = round(totals.get(REQUESTS, 0))
    errors = sum(round(totals.get(name, 0)) for name in ERRORS)
    counted = Counters(requests=requests, errors=errors, buckets=_buckets(totals))
    return combined({f"since {origin:.0f}": counted})


def _buckets(totals: Mapping[str, float]) -> tuple[int, ...] | None:
    """Requests in each bucket of the histogram; None where no response time was told."""
    if not totals.get("all"):
        return None
    upto = [round(totals.get(_edge(edge), 0)) for edge in LATENCY_EDGES_MS]
    upto = [0, *upto, round(totals["all"])]
    return tuple(max(0, after - before) for before, after in pairwise(upto))
