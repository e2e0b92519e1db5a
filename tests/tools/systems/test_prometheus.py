from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.models.alert import Alert
from orchestrate.models.sample import Counters, SampleState
from tests.servers.answering import Heard, Reply, answering, pages
from tests.servers.monitors import refusing
from tests.servers.prometheus import guarded, prometheus
from tests.tools.systems.running import asking, component, running, slot
from tools.series import Parts
from tools.systems.prometheus import Prometheus, PrometheusMetrics
from tools.systems.prometheus_series import PrometheusSeries

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
        found = await PrometheusMetrics(asking()).read(component(url=url), OLD_AND_NEW)
        chosen = await PrometheusMetrics(asking()).read(
            component(url=url, requests='http_requests_total{job="other"}'), OLD_AND_NEW
        )
        wrong = await PrometheusMetrics(asking()).read(component(url=url, requests="no query("), OLD_AND_NEW)

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
        found = await PrometheusMetrics(asking()).read(
            component(url=f"http://{address}"), running({"blue": [""]})
        )

    assert found == {"blue": SampleState.SOURCE_DOWN}


async def test_no_server_is_a_source_that_is_down() -> None:
    for url in ("http://127.0.0.1:9", "nonsense", ""):
        found = await PrometheusMetrics(asking()).read(component(url=url), running({"blue": [""]}))
        assert found == {"blue": SampleState.SOURCE_DOWN}


async def test_a_server_that_hangs_is_given_up() -> None:
    with answering(lambda _: Reply(delay=0.4)) as address:
        async with asyncio.timeout(1):
            source = PrometheusMetrics(asking(0.2))
            found = await source.read(component(url=f"http://{address}"), running({"blue": [""]}))

    assert found == {"blue": SampleState.SOURCE_DOWN}


@pytest.mark.prometheus
@pytest.mark.haproxy
async def test_a_protected_prometheus_is_shown_the_token_that_is_named(tmp_path: Path) -> None:
    blue = running({"blue": [""]})
    with (
        answering(pages(page(BLUE))) as one,
        prometheus(tmp_path, {one: "blue"}) as url,
        guarded(tmp_path, url, "token-of-NUMBERS") as guard,
    ):
        let_in = await PrometheusMetrics(asking()).read(component(url=guard, credentials="NUMBERS"), blue)
        nobody = await PrometheusMetrics(asking()).read(component(url=guard), blue)
        another = await PrometheusMetrics(asking()).read(component(url=guard, credentials="OTHER"), blue)
        alert = await level(guard, "NUMBERS"), await level(guard), await level(guard, "OTHER")

    assert isinstance(let_in["blue"], Counters)
    assert nobody == another == {"blue": SampleState.DENIED}
    assert isinstance(alert[0], dict) and alert[1:] == (SampleState.DENIED, SampleState.DENIED)


@pytest.mark.prometheus
@pytest.mark.haproxy
async def test_a_prometheus_that_was_asked_too_often_is_left_alone(tmp_path: Path) -> None:
    blue, asked = running({"blue": [""]}), asking()
    with (
        answering(pages(page(BLUE))) as one,
        prometheus(tmp_path, {one: "blue"}) as url,
        guarded(tmp_path, url, "token-of-NUMBERS", most=3) as guard,
    ):
        part = component(url=guard, credentials="NUMBERS")
        first = await PrometheusMetrics(asked).read(part, blue)
        then = await PrometheusMetrics(asked).read(part, blue)
        alert = await level(guard, "NUMBERS", asked)

    assert isinstance(first["blue"], Counters)
    assert then == {"blue": SampleState.THROTTLED} and alert is SampleState.THROTTLED


async def level(
    url: str, credentials: str | None = None, asked: Prometheus | None = None
) -> Parts | SampleState:
    """What an alert with its own address is told."""
    alerts = {"up": Alert(query="up", url=url, credentials=credentials, above=Decimal(1))}
    return (await PrometheusSeries(asked or asking()).told(alerts, component(), slot("blue", [])))["up"]


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (refusing(401), SampleState.DENIED),
        (refusing(403), SampleState.DENIED),
        (refusing(429, "5"), SampleState.THROTTLED),
        (refusing(400), SampleState.SOURCE_DOWN),
    ],
)
async def test_each_refusal_is_named_and_counts_nothing(refusal: Reply, state: SampleState) -> None:
    with answering(lambda _: refusal) as address:
        url = f"http://{address}"
        found = await PrometheusMetrics(asking()).read(component(url=url), running({"blue": [""]}))
        alert = await level(url)

    assert found == {"blue": state} and alert is state


async def test_the_components_token_goes_to_no_other_server() -> None:
    shown: list[str] = []

    def listening(heard: Heard) -> Reply:
        shown.append(heard.headers.get("authorization", ""))
        return Reply(503)

    with answering(listening) as own, answering(listening) as other:
        part = component(kind="prometheus", url=f"http://{own}", credentials="NUMBERS")
        for url in (None, f"http://{own}", f"http://{other}"):
            alerts = {"up": Alert(query="up", url=url, above=Decimal(1))}
            await PrometheusSeries(asking()).told(alerts, part, slot("blue", []))

    assert shown == ["Bearer token-of-NUMBERS", "Bearer token-of-NUMBERS", ""]
