from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrate.models.sample import Counters, SampleState
from tests.servers.answering import Reply, answering, pages
from tests.servers.prometheus import prometheus
from tests.tools.systems.running import component, running
from tools.systems.prometheus import PrometheusMetrics

BLUE = """http_requests_total{status="200"} 90
http_requests_total{status="502"} 10
http_request_duration_seconds_bucket{le="0.1"} 60
http_request_duration_seconds_bucket{le="+Inf"} 100
database_errors_total 3
"""
GREEN = 'http_requests_total{status="200"} NaN\n'
OLD_AND_NEW = running({"blue": [""], "green": [""], "red": [""]})


def page(text: str) -> dict[str, Reply]:
    return {"/metrics": Reply(body=text, kind="text/plain")}


@pytest.mark.prometheus
async def test_a_real_prometheus_tells_slots_gaps_and_nonsense_apart(tmp_path: Path) -> None:
    with (
        answering(pages(page(BLUE))) as one,
        answering(pages(page(BLUE))) as two,
        answering(pages(page(GREEN))) as three,
        prometheus(tmp_path, {one: "blue", two: "blue", three: "green"}) as url,
    ):
        found = await PrometheusMetrics().read(component(url=url), OLD_AND_NEW)
        chosen = await PrometheusMetrics().read(
            component(url=url, requests='http_requests_total{job="other"}'), OLD_AND_NEW
        )
        wrong = await PrometheusMetrics().read(component(url=url, requests="no query("), OLD_AND_NEW)

    blue = found["blue"]
    assert isinstance(blue, Counters)
    assert (blue.requests, blue.errors, blue.database_errors) == (200, 20, 6)
    assert set(blue.parts) == {one, two} and sum(blue.buckets or ()) == 200
    assert found["green"] is SampleState.NOT_A_NUMBER and found["red"] is SampleState.NO_DATA
    assert set(chosen.values()) == {SampleState.NO_DATA}
    assert set(wrong.values()) == {SampleState.SOURCE_DOWN}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, "shutting down", kind="text/plain"),
        Reply(body="<html>Log in</html>", kind="text/html"),
        Reply(body='{"status": "error", "data": {"result": []}}'),
        Reply(body='{"status": "success", "data": {"result": [{"metric": {}, "value": [1, "many"]}]}}'),
        Reply(302, headers={"location": "/login"}),
    ],
)
async def test_an_answer_that_is_none_is_a_source_that_is_down(reply: Reply) -> None:
    with answering(lambda _: reply) as address:
        found = await PrometheusMetrics().read(component(url=f"http://{address}"), running({"blue": [""]}))

    assert found == {"blue": SampleState.SOURCE_DOWN}


async def test_no_server_is_a_source_that_is_down() -> None:
    for url in ("http://127.0.0.1:9", "nonsense", ""):
        found = await PrometheusMetrics().read(component(url=url), running({"blue": [""]}))
        assert found == {"blue": SampleState.SOURCE_DOWN}


async def test_a_server_that_hangs_is_given_up() -> None:
    with answering(lambda _: Reply(delay=0.4)) as address:
        async with asyncio.timeout(1):
            source = PrometheusMetrics(seconds=0.2)
            found = await source.read(component(url=f"http://{address}"), running({"blue": [""]}))

    assert found == {"blue": SampleState.SOURCE_DOWN}
