"""Room for what is to start, as quotas and nodes tell it."""

from __future__ import annotations

import pytest

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Strategy
from tests.servers.kubernetes.pods import Json
from tests.servers.sample_service import component
from tools.providers.fleet.room import more
from tools.providers.kubernetes.quantities import MIB, amount
from tools.providers.kubernetes.room import Need, in_quotas, on_nodes

WANTED = (Need("web", 2, 512 * MIB),)


def node(
    name: str = "one", *, memory: str = "2Gi", pods: str = "10", ready: str = "True", **spec: object
) -> Json:
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": memory, "pods": pods},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(memory: str, where: str = "one", first: str = "0") -> Json:
    def asks(much: str) -> Json:
        return {"resources": {"requests": {"cpu": "500m", "memory": much}}}

    return {"spec": {"nodeName": where, "containers": [asks(memory)], "initContainers": [asks(first)]}}


@pytest.mark.parametrize(
    ("text", "value"), [("100m", 0.1), ("2", 2), ("1.5Gi", 1.5 * 2**30), ("12e6", 12e6), ("3k", 3000)]
)
def test_amounts_are_read_as_kubernetes_writes_them(text: str, value: float) -> None:
    assert amount(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1Q", None, "--1"])
def test_what_is_no_amount_is_told(text: object) -> None:
    with pytest.raises(OutsideFailed, match="is no quantity"):
        amount(text)


def test_ready_nodes_with_place_have_room_and_tell_how_full_they_are() -> None:
    found = on_nodes([node(), node("two")], [pod("1Gi"), pod("256Mi", "two", first="512Mi")], WANTED)

    assert (found.memory, found.cpu, found.lacks) == (37.5, 12.5, ())


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_ended_take_no_room(phase: str) -> None:
    done: Json = {**pod("2Gi"), "status": {"phase": phase}}

    assert on_nodes([node()], [done], WANTED).lacks == ()
    assert on_nodes([node()], [{**done, "status": {"phase": "Running"}}], WANTED).lacks != ()


@pytest.mark.parametrize(
    ("nodes", "pods"),
    [
        ([node(), node("two", ready="False")], [pod("1536Mi")]),
        ([node(), node("two", ready="Unknown")], [pod("1536Mi")]),
        ([node(), node("two", unschedulable=True)], [pod("1536Mi")]),
        ([node(), node("two", taints=[{"effect": "NoSchedule"}])], [pod("1536Mi")]),
        ([node(pods="2")], [pod("0")]),
        ([node(memory="1000Mi"), node("two", memory="500Mi")], []),
    ],
)
def test_pods_that_find_no_place_are_counted(nodes: list[Json], pods: list[Json]) -> None:
    (said,) = on_nodes(nodes, pods, WANTED).lacks

    assert said.startswith("1 more of web find no room on a ready node")


def test_no_ready_node_is_no_room() -> None:
    assert on_nodes([node(ready="False")], [], WANTED).lacks == ("no node of the cluster is ready for pods",)


def test_a_quota_that_leaves_too_little_is_named_and_one_for_some_pods_only_does_not_tell() -> None:
    def quota(**facts: object) -> Json:
        hard, used = {"pods": "5", "limits.memory": "4Gi"}, {"pods": "4", "limits.memory": "3Gi"}
        return {"metadata": {"name": "small"}, "spec": facts, "status": {"hard": hard, "used": used}}

    assert in_quotas([quota()], WANTED) == ("quota small: pods 4 of 5, 2 more wanted",)
    assert in_quotas([quota()], (Need("web", 1, 1025 * MIB),)) == (
        "quota small: limits.memory 3Gi of 4Gi, 1025Mi more wanted",
    )
    assert in_quotas([quota()], (Need("web", 1, 1024 * MIB),)) == ()
    assert in_quotas([quota(scopes=["BestEffort"])], WANTED) == ()


def test_as_many_are_wanted_as_run_beside_the_old_ones() -> None:
    part = component(instances=3)

    assert [more(part, one) for one in Strategy] == [1, 3, 3, 0]
