"""Nodes that run out of disk, memory or processes, as they say it themselves."""

from __future__ import annotations

import pytest

from orchestrate.models.runtime import Resources
from tests.servers.kubernetes.pods import Json
from tools.providers.kubernetes.pressure import NOT_FULL, with_pressure


def node(name: str, *, taint: str = "", **says: str) -> Json:
    conditions = [{"type": what, "status": status} for what, status in {"Ready": "True", **says}.items()]
    taints = [{"key": taint, "effect": "NoSchedule"}] if taint else []
    return {"metadata": {"name": name}, "spec": {"taints": taints}, "status": {"conditions": conditions}}


def pod(where: str, namespace: str = "shop", phase: str = "Running") -> Json:
    about = {"namespace": namespace}
    return {"metadata": about, "spec": {"nodeName": where}, "status": {"phase": phase}}


def seen(*nodes: Json, pods: tuple[Json, ...] = ()) -> Resources:
    return with_pressure(Resources(lacks=("before",)), nodes, pods, {"shop"})


WELL = node("well", DiskPressure="False", MemoryPressure="False")
FULL = node("full", taint="node.kubernetes.io/disk-pressure", DiskPressure="True")


def test_nodes_without_pressure_tell_that_their_disks_have_room() -> None:
    found = seen(WELL, pods=(pod("well"),))

    assert (found.lacks, found.disk_said) == (("before",), NOT_FULL)


@pytest.mark.parametrize("what", ["DiskPressure", "MemoryPressure", "PIDPressure"])
def test_a_node_that_takes_pods_and_is_under_pressure_is_named(what: str) -> None:
    assert seen(WELL, node("new", **{what: "True"})).lacks == ("before", f"node new is under {what}")


def test_a_full_node_counts_where_pods_of_ours_run_on_it_or_no_other_takes_any() -> None:
    named = ("before", "node full is under DiskPressure")

    assert seen(WELL, FULL, pods=(pod("full"),)).lacks == named
    assert seen(FULL).lacks == named
    for others in (pod("full", "billing"), pod("full", phase="Failed")):  # the second was evicted
        assert seen(WELL, FULL, pods=(others,)) == Resources(lacks=("before",), disk_said=NOT_FULL)


@pytest.mark.parametrize("status", ["Unknown", ""])
def test_a_node_that_does_not_tell_leaves_the_disk_unsupported(status: str) -> None:
    assert seen(WELL, node("silent", **({"DiskPressure": status} if status else {}))).disk_said == ""
    assert seen().disk_said == ""
