"""Shares by the weights of an HTTPRoute, on a real control plane: what is ours, and what is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import NameTaken, OutsideFailed, StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import SetTraffic, Start, Stop, Weights
from tests.contracts.provider_worlds import in_cluster
from tests.servers.kubernetes.gateway import backends, define, gateway, make_route, route_of
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tests.servers.sample_service import checkout, environment, silent, version
from tools.providers.kubernetes.kubectl import Kubectl
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.providers.kubernetes.route import ByRoute
from tools.traffic import MemoryTraffic

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

ONE, TWO = version("v1"), version("v2")
BOTH = ("web-blue", "web-green")


@dataclass
class Here:
    """A namespace with a route, whose gateway is a table in memory; both versions run."""

    site: Site
    namespace: str
    provider: KubernetesProvider
    web: Component
    router: MemoryTraffic

    async def share(self, weights: Weights) -> None:
        await self.provider.apply(self.web, SetTraffic(component="web", was={}, weights=weights), silent)

    async def weights(self) -> Weights:
        return (await self.provider.running(self.web)).weights

    def route(self, *rules: Json, manager: str = "orchestrate") -> None:
        make_route(self.site.cluster, self.namespace, "shop", *rules, manager=manager)

    def spec(self) -> Json:
        return cast("Json", route_of(self.site.cluster, self.namespace, "shop")["spec"])


@pytest.fixture
async def here(kubernetes_site: Site, tmp_path: Path) -> AsyncGenerator[Here]:
    await define(kubernetes_site.cluster)
    namespace = kubernetes_site.namespace()
    web = in_cluster(kubernetes_site, namespace, route="shop")
    router = MemoryTraffic()
    made = Here(kubernetes_site, namespace, KubernetesProvider(environment(tmp_path, web), None), web, router)
    made.route(backends(*BOTH, blue=1))
    for slot, one in (("blue", ONE), ("green", TWO)):
        await kubernetes_site.publish("shop", one, checkout())
        await made.provider.build(web, one, checkout(), silent)
        await made.provider.apply(web, Start(component="web", slot=slot, version=one, instances=1), silent)
    async with gateway(kubernetes_site.cluster, namespace, "shop", router):
        yield made
        await made.provider.stop_all(web)


async def test_any_share_is_in_force_when_the_move_is_done_and_nothing_else_of_the_route_changes(
    here: Here,
) -> None:
    before = here.spec()

    for weights in ({"blue": 93, "green": 7}, {"green": 100}, {"blue": 1, "green": 99}, {"blue": 100}):
        await here.share(weights)
        assert await here.weights() == weights == here.router.shares

    assert {**here.spec(), "rules": []} == {**before, "rules": []}
    assert here.spec()["parentRefs"] == [{"name": "front"}]


async def test_a_slot_that_goes_leaves_its_share_to_the_other(here: Here) -> None:
    await here.share({"blue": 60, "green": 40})
    stop = Stop(component="web", slot="green", version=TWO, instances=1)

    await here.provider.apply(here.web, stop, silent)
    await here.provider.apply(here.web, stop, silent)

    assert await here.weights() == {"blue": 100}


async def test_weights_that_somebody_else_manages_are_not_taken_from_them(here: Here) -> None:
    await here.share({"blue": 90, "green": 10})
    here.route(backends(*BOTH, blue=50, green=50), manager="helm")
    assert await here.weights() == {"blue": 50, "green": 50}

    with pytest.raises(NameTaken, match="HTTPRoute shop: .*helm") as taken:
        await here.share({"blue": 100})

    assert "--field-manager=orchestrate" in taken.value.cure
    assert await here.weights() == {"blue": 50, "green": 50}


@dataclass
class Alone:
    """A route in a namespace where nothing runs."""

    site: Site
    namespace: str
    way: ByRoute

    def route(self, *rules: Json) -> None:
        make_route(self.site.cluster, self.namespace, "shop", *rules)


@pytest.fixture
async def alone(kubernetes_site: Site, tmp_path: Path) -> Alone:
    await define(kubernetes_site.cluster)
    namespace = kubernetes_site.namespace()
    web = in_cluster(kubernetes_site, namespace, route="shop")
    assert web.kubernetes is not None
    return Alone(kubernetes_site, namespace, ByRoute(web, Kubectl(web.kubernetes, tmp_path), seconds=3))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([backends("web-blue", "other", blue=1)], "it names others beside them"),
        ([backends("web-blue", blue=1)], "it names others beside them"),
        ([backends("other", other=1)], "it names neither of them"),
        ([backends(*BOTH, blue=1), backends(*BOTH, green=1)], "share the traffic differently"),
    ],
)
async def test_a_route_that_is_not_as_it_must_be_is_told(alone: Alone, rules: list[Json], why: str) -> None:
    alone.route(*rules)

    with pytest.raises(OutsideFailed, match=why):
        await alone.way.weights()


async def test_rules_for_other_services_stay_as_they_are(alone: Alone) -> None:
    await alone.way.prepare()
    alone.route(backends(*BOTH, blue=1), backends(*BOTH, blue=2), backends("other", other=3))

    async with gateway(alone.site.cluster, alone.namespace, "shop", MemoryTraffic()):
        await alone.way.share({"blue": 80, "green": 20})

    spec = cast("Json", route_of(alone.site.cluster, alone.namespace, "shop")["spec"])
    rules = [cast("list[Json]", one["backendRefs"]) for one in cast("list[Json]", spec["rules"])]
    assert [[one["weight"] for one in rule] for rule in rules] == [[80, 20], [80, 20], [3]]


async def test_a_route_that_is_not_there_is_told(alone: Alone) -> None:
    with pytest.raises(OutsideFailed, match="there is no HTTPRoute shop"):
        await alone.way.weights()


async def test_weights_that_no_gateway_takes_up_are_not_in_force(alone: Alone) -> None:
    alone.route(backends(*BOTH, blue=1))

    with pytest.raises(StartFailed, match="no gateway has taken up the weights of the HTTPRoute shop"):
        await alone.way.share({"blue": 90, "green": 10})


async def test_a_route_that_a_gateway_refuses_is_told_in_its_words(alone: Alone) -> None:
    alone.route(backends(*BOTH, blue=1))

    async with gateway(alone.site.cluster, alone.namespace, "shop", MemoryTraffic()):
        with pytest.raises(StartFailed, match="a gateway refuses .* not found: web-blue web-green"):
            await alone.way.share({"blue": 90, "green": 10})
