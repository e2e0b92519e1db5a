from __future__ import annotations

from orchestrate.models.sample import Counters, SampleState
from tests.tools.systems.running import component, running
from tools.metrics import MemoryMetrics, SourceByComponent, combined

BOTH = running({"blue": [""], "green": [""]})


async def test_each_component_has_its_own_source() -> None:
    api, web = MemoryMetrics(), MemoryMetrics()
    api.numbers["api", "blue"] = Counters(requests=1, errors=0)

    found = await SourceByComponent({"api": api, "web": web}).read(component(), BOTH)

    assert found == {"blue": Counters(requests=1, errors=0), "green": SampleState.NO_DATA}


def test_latency_is_known_only_where_every_instance_tells_it() -> None:
    told, silent = Counters(requests=3, errors=1, buckets=(1, 2)), Counters(requests=4, errors=0)

    assert combined({"a": told, "b": told}).buckets == (2, 4)
    assert combined({"a": told, "b": silent}).buckets is None
    assert combined({"a": told, "b": silent}).requests == 7
