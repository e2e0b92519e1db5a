from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Component, Environment, EnvironmentType, MetricsConfig
from orchestrate.models.smoke import CacheSmoke, HttpSmoke, TcpSmoke
from tools.reach import LOOPBACK, Reach, is_inside, reach_of

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "169.254.170.2", "168.63.129.16",
    "100.100.100.200", "192.0.0.8", "192.0.0.192", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254", "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1", "::127.0.0.1", "nonsense", "", "0x7f000001", "2130706433", "127.1", "0177.0.0.1",
]  # fmt: skip
OUTSIDE = [
    "93.184.216.34", "10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1", "8.8.8.8", "fd12:3456::1",
    "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
]  # fmt: skip


class Names:
    """A resolver whose answer is another one each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.mark.parametrize("address", INSIDE)
async def test_no_name_may_lead_inside(address: str) -> None:
    assert is_inside(address)
    with pytest.raises(Unreachable, match="inside"):
        await Reach(frozenset({"shop.test"}), Names([address])).addresses("shop.test", 80)


@pytest.mark.parametrize("address", OUTSIDE)
async def test_a_name_of_the_settings_may_lead_anywhere_else(address: str) -> None:
    reach = Reach(frozenset({"shop.test"}), Names([address]))

    assert await reach.addresses("shop.test", 80) == (address,)


async def test_one_address_inside_among_good_ones_is_enough_to_refuse() -> None:
    reach = Reach(frozenset({"shop.test"}), Names(["93.184.216.34", "169.254.169.254"]))

    with pytest.raises(Unreachable, match="leads to 169.254.169.254"):
        await reach.addresses("shop.test", 80)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "metadata.google.internal",
        "2130706433",
        "0x7f.1",
        "127.0.0.1.nip.io",
        "",
        "10.0.0.1",
    ],
)
async def test_a_host_that_no_setting_names_is_not_even_looked_up(host: str) -> None:
    names = Names(["93.184.216.34"])

    with pytest.raises(Unreachable, match="no setting of the environment names it"):
        await Reach(frozenset({"shop.test"}), names).addresses(host, 80)
    assert names.asked == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_an_address_that_the_settings_name_as_such_may_be_asked(host: str) -> None:
    assert await Reach(frozenset({host})).addresses(host, 80) == (host,)


@pytest.mark.parametrize("host", ["SHOP.test", "shop.test.", "Shop.Test"])
async def test_spelling_makes_no_other_host(host: str) -> None:
    assert await Reach(frozenset({"shop.test"}), Names(["10.0.0.1"])).addresses(host, 80) == ("10.0.0.1",)


async def test_localhost_may_be_this_machine_and_nothing_else() -> None:
    assert await Reach(LOOPBACK.hosts, Names(["127.0.0.1", "::1"])).addresses("localhost", 80)
    with pytest.raises(Unreachable, match="inside"):
        await Reach(LOOPBACK.hosts, Names(["169.254.169.254"])).addresses("localhost", 80)


async def test_a_name_without_address_is_named() -> None:
    with pytest.raises(Unreachable, match="has no address"):
        await Reach(frozenset({"shop.invalid"})).addresses("shop.invalid", 80)


def test_what_may_be_asked_is_what_the_settings_name() -> None:
    part = Component(
        name="web",
        metrics=MetricsConfig(kind="prometheus", url="http://prometheus.test:9090"),
        smoke=(
            TcpSmoke(name="mail", host="Mail.test", port=25),
            CacheSmoke(name="cache", host="cache.test"),
            HttpSmoke(name="pay", path="/", url="https://pay.test"),
        ),
    )
    environment = Environment(
        name="production",
        type=EnvironmentType.PRODUCTION,
        service="shop",
        url="https://shop.test/x",
        components=(part,),
        root=Path("/srv/shop"),
    )

    named = reach_of(environment).hosts - LOOPBACK.hosts

    assert named == {"shop.test", "prometheus.test", "mail.test", "cache.test", "pay.test"}
