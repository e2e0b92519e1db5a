"""What goes wrong in a real cluster, each with its name and with what was there before left as it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.errors import AccessDenied, ImageMissing, NameTaken, StartFailed, Unreachable
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start, Stop
from orchestrate.models.smoke import HealthCheck
from tests.contracts.provider_worlds import in_cluster
from tests.servers.kubernetes.kubelet import NODE
from tests.servers.kubernetes.metrics import metrics_api, tell
from tests.servers.kubernetes.site import Site
from tests.servers.sample_service import checkout, environment, version
from tools.commands import CLEAN, run
from tools.provider import holds
from tools.providers.kubernetes.objects import labels_of
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.providers.kubernetes.usage import NO_API

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

ONE, TWO = version("v1"), version("v2")


@dataclass
class Here:
    """A namespace in which version one serves."""

    site: Site
    provider: KubernetesProvider
    web: Component
    root: Path
    said: list[str] = field(default_factory=list[str])

    @property
    def namespace(self) -> str:
        assert self.web.kubernetes is not None
        return self.web.kubernetes.namespace

    def post(self, path: str, body: dict[str, object]) -> None:
        with self.site.cluster.client() as client:
            client.post(f"/api/v1/namespaces/{self.namespace}/{path}", json=body).raise_for_status()

    def asked_by(self, **news: object) -> tuple[KubernetesProvider, Component]:
        """The same place, asked in another way."""
        assert self.web.kubernetes is not None
        web = self.web.model_copy(update={"kubernetes": self.web.kubernetes.model_copy(update=news)})
        return KubernetesProvider(environment(self.root, web), None), web

    async def build(self, version: Version, does: str = "serve") -> None:
        await self.site.publish("shop", version, checkout(does))
        await self.provider.build(self.web, version, checkout(does), self.said.append)

    async def start(self, slot: str, version: Version, instances: int = 1) -> None:
        move = Start(component="web", slot=slot, version=version, instances=instances)
        await self.provider.apply(self.web, move, self.said.append)

    async def until_there(self, path: str) -> None:
        """Return when the cluster has it."""
        with self.site.cluster.client() as client:
            async with asyncio.timeout(30):
                while client.get(f"/apis/apps/v1/namespaces/{self.namespace}/{path}").status_code != 200:
                    await asyncio.sleep(0.01)

    async def is_as_before(self) -> bool:
        """Only version one, well, with all the traffic."""
        running = await self.provider.running(self.web)
        (slot,) = running.slots
        return slot.version == ONE and slot.is_healthy and running.weights == {"blue": 100}


@pytest.fixture
async def here(kubernetes_site: Site, tmp_path: Path) -> AsyncGenerator[Here]:
    health = HealthCheck(start_seconds=6, timeout=1)
    web = in_cluster(kubernetes_site, kubernetes_site.namespace(), health=health)
    made = Here(kubernetes_site, KubernetesProvider(environment(tmp_path, web), None), web, tmp_path)
    await made.build(ONE)
    await made.start("blue", ONE)
    await made.provider.apply(
        web, SetTraffic(component="web", was={}, weights={"blue": 100}), made.said.append
    )
    yield made
    await made.provider.stop_all(web)


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("crash", "crash loop: ended with 3 .*\n.*cannot find the database"),
        ("broken", "readiness probe has not passed"),
    ],
)
async def test_a_version_that_does_not_get_well_leaves_nothing(here: Here, does: str, why: str) -> None:
    bad = version("bad", does)
    await here.build(bad, does)

    with pytest.raises(StartFailed, match=f"(?s){why}"):
        await here.start("green", bad)

    assert await here.is_as_before()
    assert does != "crash" or any(
        "web-green-" in one and "cannot find the database" in one for one in here.said
    )


async def test_an_image_that_is_not_in_the_registry_is_not_built(here: Here) -> None:
    with pytest.raises(ImageMissing, match="the registry has no .*/shop:"):
        await here.provider.build(here.web, TWO, checkout(), here.said.append)


async def test_an_image_that_no_node_can_pull_ends_at_once(here: Here) -> None:
    await here.build(TWO)
    here.site.images.pop(await here.site.publish("shop", TWO, checkout()))

    with pytest.raises(StartFailed, match="ErrImagePull"):
        await here.start("green", TWO)

    assert await here.is_as_before()


async def test_a_tag_that_is_moved_changes_nothing(here: Here) -> None:
    built = await here.provider.artifact(here.web, ONE)
    await here.site.publish("shop", ONE, checkout("crash"))

    assert await here.provider.artifact(here.web, ONE) == built


async def test_a_quota_that_is_used_up_is_named(here: Here) -> None:
    here.post("resourcequotas", {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}})
    await here.build(TWO)

    with pytest.raises(StartFailed, match="exceeded quota: small"):
        await here.start("green", TWO)

    assert await here.is_as_before()
    assert [one for one in here.said if one.startswith("FailedCreate web-green-") and "quota" in one]


async def test_the_gate_is_told_of_a_quota_of_nodes_and_of_rights_that_are_missing(here: Here) -> None:
    full = await here.provider.resources()
    assert full.lacks == () and full.memory is not None and full.memory < 90

    here.post("resourcequotas", {"metadata": {"name": "tiny"}, "spec": {"hard": {"pods": "1"}}})
    async with asyncio.timeout(30):
        while not (full := await here.provider.resources()).lacks:
            await asyncio.sleep(0.2)
    assert full.lacks == ("quota tiny: pods 1 of 1, 1 more wanted",)
    _cordon(here, is_closed=True)
    try:
        assert "no node of the cluster is ready for pods" in (await here.provider.resources()).lacks
    finally:
        _cordon(here, is_closed=False)

    provider, _ = here.asked_by(kubeconfig=here.site.cluster.kubeconfig("reader"))
    with pytest.raises(AccessDenied, match="cannot list resource"):
        await provider.resources()


async def test_a_node_whose_disk_is_full_stops_the_gate_and_without_nodes_nobody_can_tell(here: Here) -> None:
    before = await here.provider.resources()
    _press(here, "True")
    try:
        full = await here.provider.resources()
    finally:
        _press(here, "False")
    quota, _ = here.asked_by(room="quota")

    assert before.disk_said == "below the eviction threshold of its nodes" and before.lacks == ()
    assert f"node {NODE} is under DiskPressure" in full.lacks and full.disk_said == ""
    assert (await quota.resources()).disk_said == ""


async def test_what_pods_take_is_told_where_the_cluster_has_a_metrics_api_and_else_why_not(
    here: Here,
) -> None:
    blind = await here.provider.measured(here.web)
    (one,) = blind.slots[0].instances
    async with metrics_api(here.site.cluster):
        tell(here.site.cluster, here.namespace, one.id, labels_of(here.web, "blue"), "250m", "128Mi")
        async with asyncio.timeout(30):
            while (seen := await here.provider.measured(here.web)).unmeasured:
                await asyncio.sleep(0.2)
    (taken,) = seen.slots[0].instances

    assert (one.cpu, one.memory, blind.unmeasured) == (None, None, NO_API)
    assert (taken.id, taken.cpu, taken.memory) == (one.id, 25.0, 128.0)


async def test_nodes_that_take_nothing_are_named(here: Here) -> None:
    await here.build(TWO)
    _cordon(here, is_closed=True)
    try:
        with pytest.raises(StartFailed, match="no node takes it: .*unschedulable"):
            await here.start("green", TWO)
    finally:
        _cordon(here, is_closed=False)

    assert await here.is_as_before()


async def test_whoever_lacks_a_right_is_told_which(here: Here) -> None:
    provider, web = here.asked_by(kubeconfig=here.site.cluster.kubeconfig("reader"))

    with pytest.raises(
        AccessDenied, match='"reader" cannot (list|get) resource "(deployments|pods|services)"'
    ) as denied:
        await provider.running(web)

    assert "kubectl auth can-i" in denied.value.cure


async def test_credentials_that_are_not_known_are_told(here: Here) -> None:
    config = here.root / "stranger"
    known = here.site.cluster.kubeconfig().read_text()
    config.write_text(known.replace("token-of-admin", "token-of-nobody"))
    provider, web = here.asked_by(kubeconfig=config)

    with pytest.raises(AccessDenied, match="does not know us"):
        await provider.running(web)


async def test_credentials_that_run_out_on_the_way_are_told_and_the_move_goes_on_with_new_ones(
    here: Here,
) -> None:
    await here.build(TWO)
    known = here.site.cluster.kubeconfig().read_text()
    config = here.root / "ours"
    config.write_text(known)
    provider, web = here.asked_by(kubeconfig=config)
    start = Start(component="web", slot="green", version=TWO, instances=1)
    moving = asyncio.create_task(provider.apply(web, start, here.said.append))
    await here.until_there("deployments/web-green")
    config.write_text(known.replace("token-of-admin", "token-of-nobody"))

    with pytest.raises(AccessDenied, match="does not know us") as told:
        await moving

    assert told.value.cure == "renew the credentials in the kubeconfig"
    assert (await here.provider.running(here.web)).weights == {"blue": 100}
    config.write_text(known)
    await provider.apply(web, start, here.said.append)
    assert holds(start, await provider.running(web))


async def test_a_cluster_that_does_not_answer_is_unreachable(here: Here) -> None:
    config = here.root / "nowhere"
    known = here.site.cluster.kubeconfig().read_text()
    config.write_text(known.replace(here.site.cluster.url, "https://127.0.0.1:9"))
    provider, web = here.asked_by(kubeconfig=config)

    with pytest.raises(Unreachable, match="the cluster does not answer"):
        await provider.running(web)


async def test_what_another_manager_holds_is_not_taken_from_it(here: Here) -> None:
    path = f"/apis/apps/v1/namespaces/{here.namespace}/deployments/web-blue"
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3}}
    with here.site.cluster.client() as client:
        asked = {"fieldManager": "helm", "force": "true"}
        headers = {"content-type": "application/apply-patch+yaml"}
        client.patch(path, params=asked, json=body, headers=headers).raise_for_status()

    with pytest.raises(NameTaken, match="helm"):
        await here.start("blue", ONE, 1)


def _patient(here: Here) -> Component:
    """The component with a minute to get well."""
    return here.web.model_copy(update={"health": HealthCheck(start_seconds=60, timeout=1)})


async def _scaled(here: Here, slot: str, pods: int) -> None:
    """What somebody does with `kubectl scale` once the Deployment is there."""
    words = ["kubectl", f"--kubeconfig={here.site.cluster.kubeconfig()}", f"--namespace={here.namespace}"]
    words += ["scale", f"deployment/web-{slot}", f"--replicas={pods}"]
    around = {**CLEAN, "HOME": str(here.site.cluster.folder)}
    async with asyncio.timeout(30):
        while (await run(words, env=around)).code != 0:
            await asyncio.sleep(0.1)


async def test_somebody_who_scales_what_is_started_ends_the_move_by_name(here: Here) -> None:
    bad = version("bad", "broken")
    await here.build(bad, "broken")
    start = Start(component="web", slot="green", version=bad, instances=1)
    began = time.monotonic()

    move = here.provider.apply(_patient(here), start, here.said.append)
    with pytest.raises(NameTaken, match="web-green wants 3 pods and not 1: kubectl changed it"):
        await asyncio.gather(move, _scaled(here, "green", 3))

    assert time.monotonic() - began < 30
    assert await here.is_as_before()


async def test_an_autoscaler_that_changes_what_is_started_is_named(here: Here) -> None:
    bad = version("bad", "broken")
    await here.build(bad, "broken")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-green"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4}
    path = f"/apis/autoscaling/v2/namespaces/{here.namespace}/horizontalpodautoscalers"
    with here.site.cluster.client() as client:
        client.post(path, json={"metadata": {"name": "web"}, "spec": spec}).raise_for_status()
    start = Start(component="web", slot="green", version=bad, instances=1)

    with pytest.raises(NameTaken, match="wants 2 pods and not 1: a HorizontalPodAutoscaler"):
        await here.provider.apply(_patient(here), start, here.said.append)

    assert await here.is_as_before()


async def test_a_number_that_somebody_sets_while_we_scale_stays_and_is_named(here: Here) -> None:
    scale = Scale(component="web", slot="blue", version=ONE, was=1, instances=2)
    _cordon(here, is_closed=True)
    try:
        move = here.provider.apply(_patient(here), scale, here.said.append)
        with pytest.raises(NameTaken, match="web-blue wants 3 pods and not 2: kubectl changed it"):
            await asyncio.gather(move, _scaled_after(here, 2, 3))
    finally:
        _cordon(here, is_closed=False)

    running = await here.provider.running(here.web)
    assert (running.slots[0].wanted, running.weights) == (3, {"blue": 100})
    assert any("web-blue stays as it is: " in line and "kubectl" in line for line in here.said)


async def _scaled_after(here: Here, ours: int, pods: int) -> None:
    async with asyncio.timeout(30):
        while (await here.provider.running(here.web)).slots[0].wanted != ours:
            await asyncio.sleep(0.1)
    await _scaled(here, "blue", pods)


async def test_a_pod_that_somebody_deletes_comes_back(here: Here) -> None:
    before = (await here.provider.running(here.web)).slots[0].instances[0]
    with here.site.cluster.client() as client:
        client.delete(f"/api/v1/namespaces/{here.namespace}/pods/{before.id}").raise_for_status()

    async with asyncio.timeout(30):
        while (await here.provider.running(here.web)).slots[0].instances[:1] == (before,) or not (
            await here.is_as_before()
        ):
            await asyncio.sleep(0.2)


async def test_a_move_that_was_left_half_done_is_done_again(here: Here) -> None:
    await here.build(TWO)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await here.start("green", TWO, 2)

    await here.start("green", TWO, 2)

    green = (await here.provider.running(here.web)).slot("green")
    assert green is not None and green.is_healthy and green.wanted == 2
    await here.provider.apply(
        here.web, Stop(component="web", slot="green", version=TWO, instances=2), here.said.append
    )
    assert await here.is_as_before()


async def test_what_pods_wrote_is_read(here: Here) -> None:
    assert any("starting" in line for line in await here.provider.tail(here.web, "blue", 10))


def _press(here: Here, status: str) -> None:
    """Say of the node what its kubelet would of a disk that is full, or is not."""
    condition = {"type": "DiskPressure", "status": status, "reason": "Told", "message": "by the test"}
    with here.site.cluster.client() as client:
        headers = {"content-type": "application/strategic-merge-patch+json"}
        body = {"status": {"conditions": [condition]}}
        client.patch(f"/api/v1/nodes/{NODE}/status", json=body, headers=headers).raise_for_status()


def _cordon(here: Here, *, is_closed: bool) -> None:
    with here.site.cluster.client() as client:
        headers = {"content-type": "application/merge-patch+json"}
        body = {"spec": {"unschedulable": is_closed}}
        client.patch(f"/api/v1/nodes/{NODE}", json=body, headers=headers).raise_for_status()
