"""Single metrics: from the service's own page, and from Prometheus by query."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.models.alert import Alert
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tests.servers.answering import Reply, answering, pages
from tests.servers.prometheus import prometheus
from tests.tools.systems.running import asking, component, slot
from tools.series import Kind, Parts, SeriesOfBoth, Told
from tools.systems.endpoint_series import EndpointSeries
from tools.systems.prometheus_series import PrometheusSeries

PAGE = """# TYPE pool_in_use gauge
pool_in_use{db="a"} 40
pool_in_use{db="b"} 5
# TYPE orders counter
orders_total{kind="new"} 12
# TYPE drops_total counter
# TYPE query_seconds histogram
query_seconds_bucket{le="+Inf"} 8
query_seconds_sum 2.5
query_seconds_count 8
broken NaN
"""


def page(text: str = PAGE, status: int = 200) -> dict[str, Reply]:
    return {"/metrics": Reply(status, text, kind="text/plain")}


async def own(metric: str, here: Slot) -> Parts | SampleState:
    return (await EndpointSeries().told({"it": Alert(metric=metric)}, component(), here))["it"]


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ("pool_in_use", Told(45)),
        ('pool_in_use{db="a"}', Told(40)),
        ("orders_total", Told(12, Kind.TOTAL)),
        ("drops_total", Told(0, Kind.TOTAL)),
        ("query_seconds", Told(2.5, Kind.SUM, 8)),
    ],
)
async def test_each_kind_of_metric_is_read_as_what_it_is(metric: str, told: Told) -> None:
    with answering(pages(page())) as one, answering(pages(page())) as two:
        found = await own(metric, slot("green", [one, two]))

    assert found == {"green-1": told, "green-2": told}


async def test_what_one_instance_does_not_tell_is_missing() -> None:
    with answering(pages(page())) as one, answering(pages(page("up 1\n"))) as two:
        assert await own("pool_in_use", slot("green", [one, two])) is SampleState.NO_DATA
        assert await own("pool_in_use", slot("green", [one, "127.0.0.1:9"])) is SampleState.SOURCE_DOWN
        assert await own("pool_in_use", slot("green", [])) is SampleState.NO_INSTANCE


@pytest.mark.prometheus
async def test_a_real_prometheus_answers_queries_of_a_slot_and_of_everything(tmp_path: Path) -> None:
    queries = {
        "slot": 'pool_in_use{slot="{slot}"}',
        "scalar": "scalar(sum(pool_in_use))",
        "nothing": "no_such_metric",
        "broken": "broken{slot='green'}",
        "wrong": "no query(",
    }
    alerts = {name: Alert(query=query, above=Decimal(1)) for name, query in queries.items()}
    with (
        answering(pages(page())) as one,
        answering(pages(page())) as two,
        prometheus(tmp_path, {one: "blue", two: "green"}) as url,
    ):
        both = SeriesOfBoth(EndpointSeries(), PrometheusSeries(asking()))
        found = await both.told(alerts, component(url=url), slot("green", [two]))

    values = {
        name: one if isinstance(one, SampleState) else sum(t.value for t in one.values())
        for name, one in found.items()
    }
    assert values.pop("broken") != values["slot"]
    assert values == {
        "slot": 45,
        "scalar": 90,
        "nothing": SampleState.NO_DATA,
        "wrong": SampleState.SOURCE_DOWN,
    }
