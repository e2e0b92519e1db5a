from __future__ import annotations

from orchestrate.errors import Unreachable
from orchestrate.models.sample import Counters, SampleState
from tests.tools.systems.running import component, running
from tools.systems.proxy_metrics import NOTHING_YET, ProxyMetrics
from tools.traffic import MemoryTraffic

BOTH = running({"blue": ["127.0.0.1:1"], "green": ["127.0.0.1:2"]})
COUNTED = Counters(requests=7, errors=1)


class LostTraffic(MemoryTraffic):
    """A router that runs and does not answer."""

    async def counters(self) -> dict[str, Counters]:
        raise Unreachable("the router does not answer")


async def test_a_slot_that_had_no_request_yet_has_counted_nothing() -> None:
    traffic = MemoryTraffic()
    await traffic.route({"blue": ("127.0.0.1:1",)}, {"blue": 100})
    traffic.counted = {"blue": COUNTED, "grey": COUNTED}

    found = await ProxyMetrics(lambda _: traffic).read(component(), BOTH)

    assert found == {"blue": COUNTED, "green": NOTHING_YET}


async def test_a_router_that_is_down_or_lost_is_a_source_that_is_down() -> None:
    for traffic in (MemoryTraffic(), LostTraffic()):
        found = await ProxyMetrics(lambda _, traffic=traffic: traffic).read(component(), BOTH)
        assert set(found.values()) == {SampleState.SOURCE_DOWN}


async def test_a_component_without_traffic_has_no_requests_and_that_is_fine() -> None:
    quiet = component().model_copy(update={"port": 0})

    found = await ProxyMetrics(lambda _: LostTraffic()).read(quiet, BOTH)

    assert found == {"blue": Counters(requests=0, errors=0), "green": Counters(requests=0, errors=0)}
