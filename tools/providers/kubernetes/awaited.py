"""Awaited: the pods of a slot, as a move sees them that waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from orchestrate.errors import NameTaken, StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, Start
from orchestrate.models.runtime import Instance
from tools.providers.kubernetes.kubectl import MANAGER, Json, Kind, Kubectl
from tools.providers.kubernetes.objects import deployment_name, kubernetes_of
from tools.providers.kubernetes.ownership import managers
from tools.providers.kubernetes.pods import Pod, instance

AUTOSCALER = "kube-controller-manager"
"""As whom the controller of HorizontalPodAutoscalers changes the number of pods."""


async def seen(
    component: Component, move: Start | Scale, kubectl: Kubectl, pods: Sequence[Pod]
) -> Sequence[Instance]:
    """The slot's pods; those that the cluster has not made yet are counted as not well.

    Raises StartFailed for what no waiting mends, NameTaken where somebody else changes their number.
    """
    name = deployment_name(component, move.slot)
    deployed = await kubectl.get(Kind.DEPLOYMENT, name, is_owned=True)
    if deployed is not None:
        _require_replicas(deployed, name, move.instances)
    stuck = next((f"{one.metadata.name}: {one.stuck}" for one in pods if one.stuck), "")
    if stuck:
        raise StartFailed(stuck, cure="see that the registry has the image, and that the cluster may pull it")
    found = [instance(one, kubernetes_of(component).port if component.port else 0) for one in pods]
    if deployed is None:
        return found
    missing = range(move.instances - len(found))
    return [*found, *(_missing(move.slot, number, deployed) for number in missing)]


def _require_replicas(deployed: Json, name: str, wanted: int) -> None:
    now = cast("Json", deployed["spec"]).get("replicas")
    if now == wanted:
        return
    others = [one for one in managers(deployed, "spec", "replicas") if one != MANAGER]
    who = " and ".join(_titled(one) for one in others) or "somebody"
    raise NameTaken(
        f"the Deployment {name} wants {now} pods and not {wanted}: {who} changed it",
        cure="let nobody else scale it meanwhile; remove an autoscaler that names the Deployment of a slot",
    )


def _titled(manager: str) -> str:
    return f"a HorizontalPodAutoscaler ({manager})" if manager == AUTOSCALER else manager


def _missing(slot: str, number: int, deployed: Json) -> Instance:
    """A pod that the cluster has not made yet, and why, where it says so."""
    status = cast("dict[str, list[dict[str, str]]]", deployed.get("status", {}))
    why = [
        one.get("message", "") for one in status.get("conditions", []) if one.get("type") == "ReplicaFailure"
    ]
    return Instance(
        id=f"pod-{number + 1}-of-{slot}",
        slot=slot,
        address="",
        healthy=False,
        restarts=0,
        started_at=datetime.now(UTC),
        detail=why[0] if why else "the cluster has not made it yet",
    )
