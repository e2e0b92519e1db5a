from __future__ import annotations

import pytest

from orchestrate.models.sample import Counters, SampleState
from tests.servers.answering import Reply, answering, pages
from tests.tools.systems.running import component, running
from tools.systems.endpoint_metrics import EndpointMetrics

PAGE = 'http_requests_total{status="200"} 40\nhttp_requests_total{status="500"} 2\n'


def page(body: str = PAGE, **facts: float) -> dict[str, Reply]:
    return {"/metrics": Reply(body=body, kind="text/plain", **facts)}  # pyright: ignore[reportArgumentType]


async def test_the_instances_of_a_slot_are_summed_and_still_told_apart() -> None:
    with answering(pages(page())) as one, answering(pages(page())) as two:
        found = await EndpointMetrics().read(component(), running({"blue": [one, two], "green": [one]}))

    blue, green = found["blue"], found["green"]
    assert isinstance(blue, Counters) and isinstance(green, Counters)
    assert (blue.requests, blue.errors, green.requests) == (84, 4, 42)
    assert set(blue.parts) == {"blue-1", "blue-2"}


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(body="<html>Welcome</html>", kind="text/html"), SampleState.NO_DATA),
        (Reply(body="up 1\n"), SampleState.NO_DATA),
        (Reply(404), SampleState.NO_DATA),
        (Reply(302, headers={"location": "/login"}), SampleState.NO_DATA),
        (Reply(503), SampleState.SOURCE_DOWN),
        (Reply(body='http_requests_total{status="200"} NaN\n'), SampleState.NOT_A_NUMBER),
        (Reply(body="# " + "x" * 5 * 2**20), SampleState.SOURCE_DOWN),
        (Reply(body=PAGE, delay=0.5), SampleState.SOURCE_DOWN),
    ],
)
async def test_each_way_of_missing_is_told_apart(reply: Reply, state: SampleState) -> None:
    with answering(pages(page())) as good, answering(pages({"/metrics": reply})) as bad:
        found = await EndpointMetrics(seconds=0.3).read(component(), running({"blue": [good, bad]}))

    assert found == {"blue": state}


async def test_nobody_there_is_a_source_that_is_down() -> None:
    found = await EndpointMetrics().read(component(), running({"blue": ["127.0.0.1:9"], "green": []}))

    assert found == {"blue": SampleState.SOURCE_DOWN, "green": SampleState.NO_INSTANCE}
