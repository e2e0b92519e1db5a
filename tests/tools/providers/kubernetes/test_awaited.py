"""A move that waits for pods ends where somebody else changes how many there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import NameTaken
from orchestrate.models.hosts import Kubernetes
from orchestrate.models.move import Start
from orchestrate.models.runtime import Instance
from tests.servers.kubernetes.pods import Json
from tests.servers.sample_service import component, version
from tests.tools.providers.kubernetes.test_handover_words import Cluster
from tools.providers.fleet.settling import until_well
from tools.providers.kubernetes.awaited import seen
from tools.providers.kubernetes.kubectl import Kubectl
from tools.providers.kubernetes.ownership import managers

WHERE = Kubernetes(image="registry.example/shop:{commit}", namespace="shop")
WEB = component(provider="kubernetes", kubernetes=WHERE)
START = Start(component="web", slot="green", version=version("v1"), instances=2)


def manages(manager: str, *fields: str, subresource: str = "") -> Json:
    more = {"subresource": subresource} if subresource else {}
    owned = {f"f:{one}": dict[str, object]() for one in fields}
    return {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": owned}, **more}


def deployed(replicas: int, *managed: Json) -> Json:
    about = {"name": "web-green", "managedFields": list(managed)}
    return {"kind": "Deployment", "metadata": about, "spec": {"replicas": replicas}}


async def waited_for(tmp_path: Path, found: Json) -> list[Instance]:
    kubectl = Kubectl(WHERE, tmp_path, runner=Cluster(found))
    return list(await seen(WEB, START, kubectl, ()))


@pytest.mark.parametrize(
    ("managed", "who"),
    [
        (
            (manages("orchestrate", "template"), manages("kubectl", "replicas", subresource="scale")),
            "kubectl",
        ),
        (
            (manages("kube-controller-manager", "replicas"),),
            "a HorizontalPodAutoscaler (kube-controller-manager)",
        ),
        ((manages("keda", "replicas"), manages("helm", "replicas")), "keda and helm"),
        ((manages("orchestrate", "replicas"), manages("", "replicas")), "somebody"),
        ((), "somebody"),
    ],
)
async def test_a_number_that_somebody_else_changed_ends_the_wait_with_their_name(
    tmp_path: Path, managed: tuple[Json, ...], who: str
) -> None:
    async def look() -> list[Instance]:
        return await waited_for(tmp_path, deployed(5, *managed))

    async def end(_: str) -> tuple[str, ...]:
        return ()

    with pytest.raises(NameTaken) as taken:
        await until_well(WEB, 2, {}, look, end)

    assert str(taken.value) == f"the Deployment web-green wants 5 pods and not 2: {who} changed it"
    assert "autoscaler" in taken.value.cure


async def test_pods_that_are_not_made_yet_are_waited_for_where_the_number_is_ours(tmp_path: Path) -> None:
    found = await waited_for(tmp_path, deployed(2, manages("kubectl", "paused")))

    assert [one.id for one in found] == ["pod-1-of-green", "pod-2-of-green"]


def test_nobody_is_named_for_what_is_no_field_of_theirs() -> None:
    odd: Json = {"metadata": {"managedFields": [{"manager": "x", "fieldsV1": {"f:spec": "all"}}, {}]}}

    assert managers(odd, "spec", "replicas") == ()
