"""What is kept of the warnings of a cluster."""

from __future__ import annotations

from tests.servers.kubernetes.pods import Json
from tools.providers.kubernetes.remains import LONGEST, MOST_EVENTS, warnings


def event(name: str, at: str = "2026-01-01T00:00:00Z", kind: str = "Warning", **facts: object) -> Json:
    usual: Json = {"type": kind, "reason": "Unhealthy", "message": "probe failed: 500", "lastTimestamp": at}
    return {**usual, "involvedObject": {"name": name}, **facts}


def test_warnings_about_the_slot_are_told_oldest_first_and_nobody_elses() -> None:
    found = warnings(
        [
            event("web-green-1-b", "2026-01-01T00:00:02Z", count=7),
            event("web-green", "2026-01-01T00:00:01Z", reason="Slow"),
            event("web-blue-1-a"),
            event("web-greenish-1-a"),
            event("web-green-1-b", kind="Normal"),
            {"involvedObject": "odd"},
        ],
        "web-green",
    )

    assert found == (
        "Slow web-green: probe failed: 500",
        "Unhealthy web-green-1-b: probe failed: 500 (7 times)",
    )


def test_no_more_is_kept_than_is_read() -> None:
    found = warnings([event("web-green", message="x" * 9999) for _ in range(99)], "web-green")

    assert len(found) == MOST_EVENTS and max(map(len, found)) < LONGEST + 40
