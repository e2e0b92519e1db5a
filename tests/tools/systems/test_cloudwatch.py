"""CloudWatch: what a load balancer counted, late as it comes, and each way in which it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any  # moto's backends have no types

import pytest

from orchestrate.models.environment import Component, MetricsConfig
from orchestrate.models.runtime import Instance, Running, Slot
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters, SampleState
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import ACCOUNT, KEYS, REGION, Site
from tests.servers.sample_service import component, version
from tools.increments import increment
from tools.systems.cloudwatch import CloudWatchMetrics

pytestmark = pytest.mark.slow
BEGAN = 1_800_000_000.0


@dataclass
class Balancer:
    """What a load balancer counts in a minute, and a clock."""

    site: Site
    web: Component
    now: float = BEGAN + 600
    minutes: dict[int, dict[str, float]] = field(default_factory=dict[int, dict[str, float]])
    asked: list[Any] = field(default_factory=list[Any])

    def source(self) -> CloudWatchMetrics:
        return CloudWatchMetrics(KEYS.__getitem__, lambda: self.now)

    def count(self, minute: int, requests: int, errors: int = 0, slow: int = 0) -> None:
        """So many requests in a minute since the beginning: 20 ms each, and 2 s for those that are slow."""
        self.minutes[minute] = {"requests": requests, "errors": errors, "slow": slow}

    def told(self, queries: list[Any], start_time: datetime, end_time: datetime, **_: Any) -> list[Any]:
        self.asked.append(queries)
        inside = [
            minute
            for minute in sorted(self.minutes)
            if start_time.timestamp() <= BEGAN + 60 * minute < end_time.timestamp()
        ]
        return [
            {
                "id": query["Id"],
                "label": query["Label"],
                "timestamps": [datetime.fromtimestamp(BEGAN + 60 * one, UTC) for one in inside],
                "values": [self._value(query["MetricStat"], self.minutes[one]) for one in inside],
                "status_code": "Complete",
            }
            for query in queries
        ]

    def _value(self, stat: Any, counted: dict[str, float]) -> float:
        match stat["Metric"]["MetricName"], stat["Stat"]:
            case "RequestCount", "Sum":
                return counted["requests"]
            case "HTTPCode_Target_5XX_Count", "Sum":
                return counted["errors"]
            case "TargetResponseTime", "SampleCount":
                return counted["requests"]
            case "TargetResponseTime", edge:
                longest = float(edge.removeprefix("TC(:").removesuffix(")"))
                quick = counted["requests"] - counted["slow"]
                return (quick if longest >= 0.02 else 0) + (counted["slow"] if longest >= 2 else 0)
            case _:
                return 0.0


@pytest.fixture
def balancer(aws_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Balancer]:
    from moto.cloudwatch.models import cloudwatch_backends  # pyright: ignore

    aws_site.front.calm()
    web = component(provider="ecs", ecs=aws_site.ecs(), metrics=MetricsConfig(kind="cloudwatch"))
    made = Balancer(aws_site, web)
    backend: Any = cloudwatch_backends[ACCOUNT][REGION]
    monkeypatch.setattr(backend, "get_metric_data", made.told)
    yield made
    aws_site.front.calm()


def running(share: int = 100) -> Running:
    one = Instance(
        id="a",
        slot="blue",
        address="",
        healthy=True,
        restarts=0,
        started_at=datetime.fromtimestamp(BEGAN, UTC),
    )
    slot = Slot(name="blue", version=version("v1"), wanted=1, instances=(one,))
    return Running(component="web", slots=(slot,), weights={"blue": share} if share else {})


async def read(balancer: Balancer, source: CloudWatchMetrics, share: int = 100) -> Counters | SampleState:
    return (await source.read(balancer.web, running(share)))["blue"]


async def test_requests_errors_and_latencies_are_counted(balancer: Balancer) -> None:
    balancer.count(6, 100, errors=3, slow=10)
    balancer.count(7, 50)

    found = await read(balancer, balancer.source())

    assert isinstance(found, Counters)
    assert (found.requests, found.errors) == (150, 3)
    assert found.buckets is not None
    buckets = dict(zip([*LATENCY_EDGES_MS, 0], found.buckets, strict=True))
    assert {edge: count for edge, count in buckets.items() if count} == {20: 140, 2200: 10}


async def test_the_slots_own_target_group_is_asked_about(balancer: Balancer) -> None:
    balancer.count(6, 1)

    await read(balancer, balancer.source())

    dimensions = balancer.asked[0][0]["MetricStat"]["Metric"]["Dimensions"]
    names = {one["Name"]: one["Value"] for one in dimensions}
    assert names["TargetGroup"].startswith("targetgroup/")
    assert names["LoadBalancer"].startswith("app/")


async def test_totals_grow_by_whole_minutes_and_a_new_watcher_counts_nothing_twice(
    balancer: Balancer,
) -> None:
    source = balancer.source()
    balancer.count(6, 100)
    first = await read(balancer, source)
    balancer.count(7, 30)
    balancer.now += 60
    second = await read(balancer, source)
    balancer.count(9, 10)
    balancer.now += 120
    anew = await read(balancer, balancer.source())

    assert isinstance(first, Counters)
    assert isinstance(second, Counters)
    assert isinstance(anew, Counters)
    assert increment(first, second).requests == 30
    assert increment(second, anew).requests == 0


async def test_nothing_yet_is_no_data(balancer: Balancer) -> None:
    assert await read(balancer, balancer.source()) is SampleState.NO_DATA


async def test_a_minute_that_is_not_over_does_not_count(balancer: Balancer) -> None:
    balancer.count(9, 100)

    assert await read(balancer, balancer.source()) is SampleState.NO_DATA


async def test_late_numbers_of_a_slot_with_traffic_are_no_data(balancer: Balancer) -> None:
    source = balancer.source()
    balancer.count(6, 100)
    await read(balancer, source)

    balancer.now += 600

    assert await read(balancer, source) is SampleState.NO_DATA
    balancer.now += 60
    assert isinstance(await read(balancer, source, share=0), Counters)


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("Throttling", 400, SampleState.THROTTLED),
        ("AccessDenied", 403, SampleState.DENIED),
        ("ExpiredToken", 403, SampleState.EXPIRED),
        ("InternalFailure", 500, SampleState.SOURCE_DOWN),
    ],
)
async def test_each_way_of_missing_has_a_name(
    balancer: Balancer, monkeypatch: pytest.MonkeyPatch, code: str, status: int, state: SampleState
) -> None:
    balancer.count(6, 100)
    balancer.site.front.every["GetMetricData"] = Trouble(code, status)

    assert await read(balancer, balancer.source()) is state


async def test_what_is_no_number_is_told(balancer: Balancer) -> None:
    balancer.minutes[6] = {"requests": float("nan"), "errors": 0, "slow": 0}

    assert await read(balancer, balancer.source()) is SampleState.NOT_A_NUMBER
