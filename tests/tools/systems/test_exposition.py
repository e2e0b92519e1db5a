from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from orchestrate.errors import Unreachable
from orchestrate.models.environment import MetricsConfig
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters, SampleState
from tools.systems.exposition import buckets, counters, parse

CONFIG = MetricsConfig()
TEXT = """
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 90
http_requests_total{method="GET",status="404",} 5
http_requests_total{ method="POST" , status="503" } 3 1700000000000
http_requests_total{method="PUT",status="5xx"} 2
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1"} 80
http_request_duration_seconds_bucket{le="1.0"} 98
http_request_duration_seconds_bucket{le="+Inf"} 100 # {trace_id="a"} 3.2
http_request_duration_seconds_sum 12.5
http_request_duration_seconds_count 100
database_errors_total 4
"""


def bucket(ms: float) -> int:
    return next(index for index, edge in enumerate(LATENCY_EDGES_MS) if edge >= ms)


def test_requests_errors_latency_and_database_errors_are_read() -> None:
    told = counters(parse(TEXT), CONFIG)

    assert isinstance(told, Counters)
    assert (told.requests, told.errors, told.database_errors) == (100, 5, 4)
    assert told.buckets is not None and sum(told.buckets) == 100
    assert (told.buckets[bucket(100)], told.buckets[bucket(1000)], told.buckets[bucket(1001)]) == (80, 18, 2)


def test_what_the_official_client_writes_is_read() -> None:
    registry = CollectorRegistry()
    requests = Counter("http_requests", "Requests.", ["status"], registry=registry)
    seconds = Histogram("http_request_duration_seconds", 'A "quoted" help.', registry=registry)
    empty = counters(parse(generate_latest(registry).decode()), CONFIG)
    requests.labels("200").inc(7)
    requests.labels('50"0\\\n').inc()
    seconds.observe(0.2)

    told = counters(parse(generate_latest(registry).decode()), CONFIG)

    assert isinstance(empty, Counters) and empty.requests == 0
    assert isinstance(told, Counters)
    assert (told.requests, told.errors, sum(told.buckets or ())) == (8, 1, 1)


def test_labels_are_unescaped() -> None:
    point = parse('up{path="C:\\\\x",note="a\\"b\\nc"} 1').points[0]

    assert point.labels == {"path": "C:\\x", "note": 'a"b\nc'}


@pytest.mark.parametrize("value", ["NaN", "nan", "+Inf", "-1", "1e300"])
def test_a_count_that_is_no_count_is_not_a_number(value: str) -> None:
    told = parse(f'http_requests_total{{status="200"}} {value}')

    assert counters(told, CONFIG) is SampleState.NOT_A_NUMBER


@pytest.mark.parametrize("text", ["", "up 1", "http_requests_total 12"])
def test_without_requests_by_status_there_is_no_data(text: str) -> None:
    assert counters(parse(text), CONFIG) is SampleState.NO_DATA


@pytest.mark.parametrize(
    "text", ["<html><body>Welcome</body></html>", '{"status": "ok"}', "up", "up one", "up{a} 1", 'up{a="b} 1']
)
def test_text_that_is_no_metrics_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(Unreachable, match="line 2 "):
        parse(f"up 1\n{text}")


@given(some.text(max_size=300))
def test_no_text_makes_it_fall_over(text: str) -> None:
    try:
        told = parse(text)
    except Unreachable:
        return
    assert isinstance(counters(told, CONFIG), Counters | SampleState)


def test_hostile_lines_are_read_in_no_time() -> None:
    with pytest.raises(Unreachable):
        parse('a{b="' + '\\"' * 100_000 + "\nx")
    with pytest.raises(Unreachable):
        parse("a{" + 'b="c",' * 50_000 + "} x")


def test_a_histogram_keeps_every_request_in_its_order() -> None:
    steps = parse('h{le="0.005"} 10\nh{le="+Inf"} 15\nh{le="3"} 12\nh{le="wrong"} 99\n').points

    found = buckets(steps)

    assert sum(found) == 15
    assert (found[bucket(5)], found[bucket(3000)], found[bucket(3001)]) == (10, 2, 3)
