from __future__ import annotations

from orchestrate.demo.counts import Second, Tally, TrafficCounts, percentile


def test_before_the_first_request_everything_is_zero() -> None:
    assert Tally().counts(1000.0) == TrafficCounts()


def test_what_ended_is_served_or_failed_by_kind() -> None:
    tally = Tally()
    for error in (None, None, "reset", "status_500", "reset"):
        tally.sent(1000.0)
        tally.ended(1000.5, 0.002, error)
    tally.sent(1000.9)

    counts = tally.counts(1001.0)

    assert (counts.sent, counts.served, counts.failed) == (6, 2, 3)
    assert counts.errors == {"reset": 2, "status_500": 1}
    assert counts.seconds == (Second(at=1000, served=2, failed=3, p99=2.0),)


def test_rate_error_rate_and_p99_are_of_the_last_five_seconds() -> None:
    tally = Tally()
    for second in range(1000, 1020):
        for _ in range(10):
            tally.sent(second)
            tally.ended(second + 0.5, 1.0 if second < 1010 else 0.004, "timeout" if second < 1010 else None)

    counts = tally.counts(1020.0)

    assert (counts.rate, counts.error_rate, counts.p99) == (10.0, 0.0, 4.0)
    assert (counts.served, counts.failed) == (100, 100)


def test_a_minute_is_remembered() -> None:
    tally = Tally()
    for second in range(1000, 1200):
        tally.sent(second)
        tally.ended(second, 0.001, None)

    seconds = tally.counts(1200.0).seconds

    assert [seconds[0].at, seconds[-1].at, len(seconds)] == [1140, 1199, 60]


def test_the_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([], 99) is None
    assert percentile([5.0], 99) == 5.0
    assert percentile([float(one) for one in range(1, 201)], 99) == 198.0
