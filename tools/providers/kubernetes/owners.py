"""Owners: objects that Argo Rollouts or Flagger steer are theirs; nothing of them is changed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from orchestrate.errors import NameTaken
from tools.providers.kubernetes.kubectl import Json

STEERING = {"Rollout": "Argo Rollouts", "Canary": "Flagger"}
MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"
"""Annotation: which Rollouts steer a Service."""

CURE = "let one of the two steer it: docs/providers/kubernetes.md"


def unowned(*found: Json | None) -> None:
    """Raises NameTaken with the owner's kind and name, where one of the objects has such an owner."""
    for one in found:
        if one is not None and (owner := _owner(cast("Json", one["metadata"]))):
            name = cast("Json", one["metadata"]).get("name", "")
            raise NameTaken(f"the {one.get('kind', 'object')} {name} belongs to {owner}", cure=CURE)


def claims(steering: Iterable[Json], workloads: Sequence[str]) -> tuple[str, ...]:
    """Which Rollouts and Canaries name one of these Deployments as what they steer."""
    found: list[str] = []
    for one in steering:
        kind, spec = str(one.get("kind", "")), cast("Json", one.get("spec", {}))
        target = cast("Json", spec.get("targetRef" if kind == "Canary" else "workloadRef") or {})
        name = str(target.get("name", ""))
        if target.get("kind", "Deployment") == "Deployment" and name in workloads:
            whose = cast("Json", one["metadata"]).get("name", "")
            found.append(
                f"the {kind} {whose} of {STEERING.get(kind, kind)} steers the Deployment {name}: {CURE}"
            )
    return tuple(found)


def _owner(about: Json) -> str:
    for one in cast("list[dict[str, str]]", about.get("ownerReferences") or []):
        if one.get("kind") in STEERING:
            return f"the {one['kind']} {one.get('name', '')} of {STEERING[one['kind']]}"
    told = cast("dict[str, str]", about.get("annotations") or {}).get(MANAGED, "")
    return f"the Rollout {told} of {STEERING['Rollout']}" if told else ""
