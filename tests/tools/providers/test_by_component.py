"""Components of one environment in several places: each is asked for its own, and the fullest counts."""

from __future__ import annotations

from orchestrate.models.move import SetTraffic, Start, Stop
from orchestrate.models.runtime import Resources
from tests.servers.sample_service import checkout, component, silent, version
from tools.provider import Hosting, MemoryProvider
from tools.providers.by_component import ByComponent

ONE = version("v1")
WEB, MAIL = component(), component(name="mail", port=0)


async def test_each_component_is_in_its_own_place_alone() -> None:
    here, there = MemoryProvider(), MemoryProvider()
    both: Hosting = ByComponent({"web": here, "mail": there})
    for part in (WEB, MAIL):
        await both.build(part, ONE, checkout(), silent)
        start = Start(component=part.name, slot="blue", version=ONE, instances=2)
        await both.apply(part, start, silent)
    await both.apply(WEB, SetTraffic(component="web", was={}, weights={"blue": 100}), silent)
    there.lines["blue"] = ["sent"]

    assert [*here.slots] == [("web", "blue")] and [*there.slots] == [("mail", "blue")]
    assert (await both.running(WEB)).weights == {"blue": 100}
    assert (await both.artifact(MAIL, ONE)) == await there.artifact(MAIL, ONE)
    assert (await both.tail(MAIL, "blue", 5), await both.tail(WEB, "blue", 5)) == (("sent",), ())
    assert (await both.public(WEB), await both.public(MAIL)) == ("http://127.0.0.1:8080", "")
    assert await both.tend(WEB) == ()

    await both.apply(WEB, Stop(component="web", slot="blue", version=ONE, instances=2), silent)
    await both.stop_all(MAIL)
    assert here.slots == there.slots == {}


async def test_the_fullest_place_counts_and_what_one_cannot_tell_another_does() -> None:
    here, there = MemoryProvider(), MemoryProvider()
    here.full = Resources(disk=10, memory=50, headroom=True)
    there.full = Resources(disk=80, memory=20, cpu=3, untold=("web: no memory_limit",))

    found = await ByComponent({"web": here, "mail": there, "chat": there}).resources()

    assert found == Resources(disk=80, memory=50, cpu=3, untold=("web: no memory_limit",))
