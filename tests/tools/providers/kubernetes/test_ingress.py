"""Shares by the annotations of the nginx controller, on a real control plane."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import NameTaken, OutsideFailed
from orchestrate.models.move import Weights
from tests.contracts.provider_worlds import in_cluster
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tools.providers.kubernetes.ingress import CANARY, WEIGHT, ByIngress
from tools.providers.kubernetes.kubectl import Kubectl

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

API = "/apis/networking.k8s.io/v1/namespaces"


@dataclass
class Here:
    """An Ingress in a namespace where nothing runs."""

    site: Site
    namespace: str
    way: ByIngress

    def apply(self, name: str, body: Json, manager: str = "helm") -> None:
        asked = {"fieldManager": manager, "force": "true"}
        headers = {"content-type": "application/apply-patch+yaml"}
        whole = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", **body}
        with self.site.cluster.client() as client:
            path = f"{API}/{self.namespace}/ingresses/{name}"
            client.patch(path, params=asked, json=whole, headers=headers).raise_for_status()

    def leads_to(self, *services: str) -> None:
        """Make the Ingress of the shop, with a path for each Service."""
        paths = [
            {
                "path": f"/{number}",
                "pathType": "Prefix",
                "backend": {"service": {"name": name, "port": {"number": 8080}}},
            }
            for number, name in enumerate(services)
        ]
        rules = [{"host": "shop.example", "http": {"paths": paths}}]
        spec = {"ingressClassName": "nginx", "rules": rules}
        self.apply("shop", {"metadata": {"name": "shop"}, "spec": spec})

    def obeyed(self) -> Weights:
        """What the nginx controller makes of it: the share of each slot that is selected."""
        first = self._slot("web")
        told = self._canary()
        notes = cast("dict[str, str]", cast("Json", told["metadata"])["annotations"]) if told else {}
        if notes.get(CANARY) != "true":
            return {first: 100}
        rules = cast("list[Json]", cast("Json", told["spec"])["rules"])
        (path,) = cast("list[Json]", cast("Json", rules[0]["http"])["paths"])
        end = cast("dict[str, dict[str, str]]", path["backend"])["service"]["name"]
        weight, second = int(notes[WEIGHT]), self._slot(end)
        found = {first: 100 - weight, second: weight} if first != second else {first: 100}
        return {slot: share for slot, share in found.items() if share}

    def _canary(self) -> Json:
        with self.site.cluster.client() as client:
            asked = client.get(f"{API}/{self.namespace}/ingresses/shop-canary")
            return cast("Json", asked.json()) if asked.is_success else {}

    def _slot(self, service: str) -> str:
        with self.site.cluster.client() as client:
            found = client.get(f"/api/v1/namespaces/{self.namespace}/services/{service}").raise_for_status()
            return str(found.json()["spec"]["selector"]["orchestrate/slot"])


@pytest.fixture
async def here(kubernetes_site: Site, tmp_path: Path) -> Here:
    namespace = kubernetes_site.namespace()
    web = in_cluster(kubernetes_site, namespace, ingress="shop")
    assert web.kubernetes is not None
    made = Here(kubernetes_site, namespace, ByIngress(web, Kubectl(web.kubernetes, tmp_path)))
    made.leads_to("web", "other")
    await made.way.prepare()
    return made


async def test_any_share_goes_where_it_is_sent_and_back(here: Here) -> None:
    assert await here.way.weights() == {}

    for weights in (
        {"blue": 100},
        {"green": 5, "blue": 95},
        {"green": 75, "blue": 25},
        {"green": 100},
        {"blue": 50, "green": 50},
        {"green": 100},
    ):
        await here.way.share(weights)
        await here.way.share(weights)
        assert await here.way.weights() == weights == here.obeyed()

    await here.way.share({})
    assert await here.way.weights() == {}
    await here.way.end()
    await here.way.end()


async def test_an_ingress_that_is_ours_and_that_somebody_changed_is_told(here: Here) -> None:
    await here.way.share({"blue": 100})
    await here.way.share({"blue": 90, "green": 10})
    here.apply("shop-canary", {"metadata": {"annotations": {WEIGHT: "55"}}}, manager="eve")
    assert await here.way.weights() == {"blue": 45, "green": 55}

    with pytest.raises(NameTaken, match="eve"):
        await here.way.share({"blue": 100})
    here.apply("shop-canary", {"metadata": {"annotations": {WEIGHT: "all"}}}, manager="eve")

    with pytest.raises(OutsideFailed, match="shop-canary is not as we made it"):
        await here.way.weights()


async def test_an_ingress_that_leads_elsewhere_or_is_not_there_is_told(here: Here, tmp_path: Path) -> None:
    here.leads_to("other")
    with pytest.raises(OutsideFailed, match="no path of the Ingress shop leads to the Service web"):
        await here.way.weights()

    web = in_cluster(here.site, here.site.namespace(), ingress="shop")
    assert web.kubernetes is not None
    with pytest.raises(OutsideFailed, match="there is no Ingress shop"):
        await ByIngress(web, Kubectl(web.kubernetes, tmp_path)).weights()
