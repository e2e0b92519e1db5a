"""Numbers and series from Datadog, and each way in which they are missing."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal

import pytest

from orchestrate.errors import UnknownSecret
from orchestrate.models.alert import Alert, Source
from orchestrate.models.environment import Component
from orchestrate.models.sample import Counters, SampleState
from tests.servers.answering import Reply
from tests.servers.monitors import FakeDatadog, datadog, refusing
from tests.tools.systems.running import component, running, slot
from tools.series import Parts, Told
from tools.systems.datadog import Datadog, DatadogMetrics, DatadogSeries
from tools.systems.vendor import Vendor

HITS = "sum:hits{service:shop,slot:{slot}}.as_count()"
FAILED = "sum:errors{service:shop,slot:{slot}}.as_count()"
P99 = "p99:latency{slot:{slot}}"
BOTH = running({"blue": [""], "green": [""]})


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def secret(name: str) -> str:
    if name != "DD":
        raise UnknownSecret(name)
    return "api:application"


@pytest.fixture
def there() -> Generator[FakeDatadog]:
    with datadog() as made:
        yield made


def api(there: FakeDatadog, credentials: str = "DD") -> Component:
    words = {
        "kind": "datadog",
        "url": there.url,
        "requests": HITS,
        "errors": FAILED,
        "credentials": credentials,
    }
    return component(**words)


def asking(clock: Clock | None = None) -> Datadog:
    now = clock or Clock()
    return Datadog(secret, Vendor("Datadog", clock=now), now)


async def read(there: FakeDatadog, credentials: str = "DD") -> dict[str, Counters | SampleState]:
    return await DatadogMetrics(asking()).read(api(there, credentials), BOTH)


async def test_counts_of_each_slot_are_added_up(there: FakeDatadog) -> None:
    there.points[HITS.replace("{slot}", "blue")] = [10, None, 30]
    there.points[FAILED.replace("{slot}", "blue")] = [None, 2]
    there.points[HITS.replace("{slot}", "green")] = [5]

    found = await read(there)

    assert found == {"blue": Counters(requests=40, errors=2), "green": Counters(requests=5, errors=0)}


@pytest.mark.parametrize("points", [None, [], [None, None]])
async def test_nothing_counted_is_no_data(there: FakeDatadog, points: list[float | None] | None) -> None:
    if points is not None:
        there.points[HITS.replace("{slot}", "blue")] = points

    assert (await read(there))["blue"] is SampleState.NO_DATA


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
async def test_what_is_no_count_is_named(there: FakeDatadog, value: float) -> None:
    there.points[HITS.replace("{slot}", "blue")] = [10, value]

    assert (await read(there))["blue"] is SampleState.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (refusing(401), SampleState.DENIED),
        (refusing(403), SampleState.DENIED),
        (refusing(500), SampleState.SOURCE_DOWN),
        (Reply(body="<html>", kind="text/html"), SampleState.SOURCE_DOWN),
        (Reply(body='{"status": "error", "error": "no such metric"}'), SampleState.SOURCE_DOWN),
        (Reply(302, headers={"location": "/login"}), SampleState.SOURCE_DOWN),
    ],
)
async def test_each_refusal_is_named(there: FakeDatadog, refusal: Reply, state: SampleState) -> None:
    there.refusal = refusal

    assert set((await read(there)).values()) == {state}


async def test_a_key_that_is_wrong_is_denied_and_one_that_is_not_there_asks_nobody(
    there: FakeDatadog,
) -> None:
    there.keys = ("other", "keys")
    assert (await read(there))["blue"] is SampleState.DENIED

    there.asked.clear()
    assert (await read(there, "GONE"))["blue"] is SampleState.SOURCE_DOWN
    assert there.asked == []


async def test_who_says_when_to_come_back_is_left_alone_until_then(there: FakeDatadog) -> None:
    clock = Clock()
    there.points[HITS.replace("{slot}", "blue")] = [1]
    source = DatadogMetrics(asking(clock))
    there.refusal = refusing(429, "60")
    assert (await source.read(api(there), BOTH))["blue"] is SampleState.THROTTLED
    there.refusal, before = None, len(there.asked)

    clock.now += 59
    assert (await source.read(api(there), BOTH))["blue"] is SampleState.THROTTLED
    assert len(there.asked) == before
    clock.now += 2
    assert isinstance((await source.read(api(there), BOTH))["blue"], Counters)


async def told(there: FakeDatadog, alert: Alert) -> Parts | SampleState:
    return (await DatadogSeries(asking()).told({"p99": alert}, api(there), slot("green", [""])))["p99"]


async def test_a_latency_percentile_of_a_slot_is_its_newest_value(there: FakeDatadog) -> None:
    alert = Alert(query=P99, source=Source.DATADOG, above=Decimal(1), rollback=True)
    assert alert.is_of_slot
    assert await told(there, alert) is SampleState.NO_DATA

    there.points["p99:latency{slot:green}"] = [0.2, 0.4, None]

    assert await told(there, alert) == {"slot:green": Told(0.4)}
    there.refusal = refusing(403)
    assert await told(there, alert) is SampleState.DENIED
    there.refusal = refusing(429)
    assert await told(there, alert) is SampleState.THROTTLED


async def test_the_keys_of_a_component_are_shown_to_its_own_site_alone(there: FakeDatadog) -> None:
    alert = Alert(query=P99, source=Source.DATADOG, above=Decimal(1), rollback=True, url=there.url)
    elsewhere = component(kind="datadog", url="https://api.datadoghq.eu", credentials="DD")
    another = component(kind="prometheus", url=there.url, credentials="DD")

    for part in (elsewhere, another):
        found = await DatadogSeries(asking()).told({"p99": alert}, part, slot("green", [""]))
        assert found == {"p99": SampleState.SOURCE_DOWN}

    assert there.asked == []
