"""What the proxy counts, as JSON and as Prometheus reads it."""

from __future__ import annotations

from tools.systems.proxy_server.totals import NO_SLOT, Totals


def counted() -> Totals:
    totals = Totals([1, 10, 100])
    for status, seconds in ((200, 0.001), (200, 0.0011), (502, 0.5), (404, 0.1)):
        totals.count("blue", status, seconds)
    totals.count(NO_SLOT, 503, 0.0)
    totals.retried("blue")
    return totals


def test_an_edge_belongs_to_the_bucket_below_it() -> None:
    assert counted().counters() == {
        "blue": {"requests": 4, "errors": 1, "retries": 1, "buckets": [1, 1, 1, 1]}
    }


def test_the_text_is_what_prometheus_expects() -> None:
    lines = counted().exposition({"blue": 2, 'a"b': 0}).splitlines()

    assert 'http_requests_total{slot="blue",status="200"} 2' in lines
    assert 'http_requests_total{slot="",status="503"} 1' in lines
    assert 'http_request_duration_seconds_bucket{slot="blue",le="0.01"} 2' in lines
    assert 'http_request_duration_seconds_bucket{slot="blue",le="+Inf"} 4' in lines
    assert 'http_request_duration_seconds_count{slot="blue"} 4' in lines
    assert 'http_requests_open{slot="a\\"b"} 0' in lines
