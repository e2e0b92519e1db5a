"""What pods take of CPU and memory, as the metrics API of a cluster tells it, or that nobody does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.models.hosts import Kubernetes
from orchestrate.models.runtime import Instance, Running, Slot
from tests.servers.kubernetes.pods import Json
from tests.servers.sample_service import version
from tests.tools.providers.kubernetes.test_words import Spy
from tools.providers.kubernetes.kubectl import Kubectl
from tools.providers.kubernetes.usage import NO_ANSWER, NO_API, NOT_ALLOWED, with_usage

WHERE = Kubernetes(image="registry.example/shop:{commit}", namespace="shop")


def instance(id: str) -> Instance:
    return Instance(
        id=id, slot="blue", address="", healthy=True, restarts=0, started_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def running(*ids: str) -> Running:
    here = tuple(instance(id) for id in ids)
    return Running(
        component="web",
        slots=(Slot(name="blue", version=version("v1"), wanted=len(ids), instances=here),),
    )


def told(pod: str, **containers: tuple[str, str]) -> Json:
    used = [
        {"name": name, "usage": {"cpu": cpu, "memory": memory}} for name, (cpu, memory) in containers.items()
    ]
    return {"metadata": {"name": pod}, "containers": used}


async def asked(tmp_path: Path, here: Running, spy: Spy) -> Running:
    return await with_usage(here, Kubectl(WHERE, tmp_path, runner=spy), "orchestrate/component=web")


def answers(*items: Json) -> Spy:
    return Spy(stdout=json.dumps({"items": items}).encode())


async def test_each_pod_has_what_the_container_of_the_component_takes(tmp_path: Path) -> None:
    spy = answers(told("a", web=("250m", "128Mi"), proxy=("1", "1Gi")), told("b", shop=("5n", "1Ki")))

    found = await asked(tmp_path, running("a", "b"), spy)

    a, b = found.slots[0].instances
    assert (a.cpu, a.memory, found.unmeasured) == (25.0, 128.0, "")
    assert (b.cpu, b.memory) == (pytest.approx(5e-7), pytest.approx(1 / 1024))
    assert spy.argv[:4] == ("kubectl", "get", "pods.metrics.k8s.io", "--selector=orchestrate/component=web")


async def test_a_pod_of_which_nothing_is_told_yet_takes_nothing_that_is_known(tmp_path: Path) -> None:
    found = await asked(
        tmp_path, running("new", "empty"), answers(told("gone", web=("1", "1")), told("empty"))
    )

    assert found == running("new", "empty")


@pytest.mark.parametrize(
    ("complaint", "why"),
    [
        ('error: the server doesn\'t have a resource type "pods"', NO_API),
        ('pods.metrics.k8s.io is forbidden: User "deployer" cannot list resource "pods"', NOT_ALLOWED),
        ("Error from server (ServiceUnavailable): the server is currently unable to handle it", NO_ANSWER),
        ("Error from server (TooManyRequests): too many requests", NO_ANSWER),
    ],
)
async def test_a_cluster_that_does_not_tell_it_is_no_failure_and_says_why(
    tmp_path: Path, complaint: str, why: str
) -> None:
    found = await asked(tmp_path, running("a"), Spy(1, stderr=complaint.encode()))

    assert found == running("a").model_copy(update={"unmeasured": why})


@pytest.mark.parametrize(
    "item",
    [
        told("a", web=("lots", "1Mi")),
        {"metadata": {}},
        {"metadata": {"name": "a"}, "containers": [{"usage": 3}]},
    ],
)
async def test_what_is_no_amount_is_not_taken_for_one(tmp_path: Path, item: Json) -> None:
    assert (await asked(tmp_path, running("a"), answers(item))).unmeasured == NO_ANSWER
