"""Room: whether the quota and the ready nodes have place for what is to start (G10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel

from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Resources
from tools.providers.fleet.room import more
from tools.providers.kubernetes.kubectl import Json
from tools.providers.kubernetes.quantities import MIB, amount

Amounts = dict[str, str]
BLOCKING = ("NoSchedule", "NoExecute")
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Need:
    """Pods that are to run beside those that run, and what each asks for."""

    component: str
    pods: int
    memory: float  # bytes


def needs(environment: Environment, parts: Sequence[Component]) -> list[Need]:
    """What the usual strategy of each component starts before it stops anything, where we do it."""
    return [
        Need(part.name, more(part, environment.strategy_of(part)), (part.memory_limit or 0) * MIB)
        for part in parts
        if part.kubernetes is None or not part.kubernetes.owner
    ]


class Condition(BaseModel):
    """One thing that is so of a node, or is not."""

    type: str
    status: str


class Taint(BaseModel):
    """Whom a node does not take."""

    effect: str = ""


class NodeSpec(BaseModel):
    """Whether a node takes pods."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(BaseModel):
    """What a node has."""

    allocatable: Amounts = {}
    conditions: tuple[Condition, ...] = ()


class Named(BaseModel):
    """What an object is called."""

    name: str


class Node(BaseModel):
    """As much of a node as we look at."""

    metadata: Named
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def takes_pods(self) -> bool:
        is_closed = self.spec.unschedulable or any(one.effect in BLOCKING for one in self.spec.taints)
        return self.says("Ready") == "True" and not is_closed

    def says(self, what: str) -> str:
        """The status of a condition: True, False or Unknown; '' where the node does not tell it."""
        return next((one.status for one in self.status.conditions if one.type == what), "")

    def has(self, what: str) -> float:
        return amount(self.status.allocatable.get(what, "0"))


def on_nodes(nodes: Sequence[Json], pods: Sequence[Json], wanted: Sequence[Need]) -> Resources:
    """How much of the ready nodes is asked for by those that run, and who finds no place beside them."""
    ready = [one for one in (Node.model_validate(node) for node in nodes) if one.takes_pods]
    if not ready:
        return Resources(lacks=("no node of the cluster is ready for pods",))
    asked = {one.metadata.name: _Asked() for one in ready}
    for pod in (one for one in pods if not has_ended(one)):
        spec = cast("Json", pod["spec"])
        if here := asked.get(str(spec.get("nodeName", ""))):
            here.take(_requested(spec, "memory"), _requested(spec, "cpu"))
    free = {
        one.metadata.name: (one.has("memory") - here.memory, one.has("pods") - here.pods)
        for one, here in zip(ready, asked.values(), strict=True)
    }
    return Resources(
        memory=_percent(sum(one.memory for one in asked.values()), sum(one.has("memory") for one in ready)),
        cpu=_percent(sum(one.cpu for one in asked.values()), sum(one.has("cpu") for one in ready)),
        lacks=_unplaced(free, wanted),
    )


def has_ended(pod: Json) -> bool:
    """Whether it takes nothing any more: pods of a job that is done, and evicted ones, stay."""
    return cast("Json", pod.get("status") or {}).get("phase") in ENDED


@dataclass
class _Asked:
    """What the pods of a node ask for."""

    pods: int = 0
    memory: float = 0.0
    cpu: float = 0.0

    def take(self, memory: float, cpu: float) -> None:
        self.pods, self.memory, self.cpu = self.pods + 1, self.memory + memory, self.cpu + cpu


def _requested(spec: Json, what: str) -> float:
    """What a pod's containers ask for together; one that starts before them may ask for more."""

    def of(kind: str) -> list[float]:
        containers = cast("list[Json]", spec.get(kind) or [])
        asked = [
            cast("Json", cast("Json", one.get("resources", {})).get("requests", {})) for one in containers
        ]
        return [amount(one.get(what, "0")) for one in asked]

    return max(sum(of("containers")), *of("initContainers"), 0.0)


def _percent(asked: float, whole: float) -> float | None:
    return min(100.0, 100 * asked / whole) if whole else None


def _unplaced(free: dict[str, tuple[float, float]], wanted: Sequence[Need]) -> tuple[str, ...]:
    """Place the greatest first, each where most memory is free."""
    lacking: dict[str, int] = {}
    for need in sorted(wanted, key=lambda one: -one.memory):
        for _ in range(need.pods):
            fits = [name for name, (memory, pods) in free.items() if pods >= 1 and memory >= need.memory]
            if not fits:
                lacking[need.component] = lacking.get(need.component, 0) + 1
                continue
            best = max(fits, key=lambda name: free[name])
            memory, pods = free[best]
            free[best] = memory - need.memory, pods - 1
    most = max(memory for memory, _ in free.values()) / MIB
    return tuple(
        f"{count} more of {name} find no room on a ready node: at most {most:.0f} MiB of one are free"
        for name, count in lacking.items()
    )


def in_quotas(quotas: Sequence[Json], wanted: Sequence[Need]) -> tuple[str, ...]:
    """Which quotas of the namespace leave too little; one for some pods only does not tell."""
    pods = sum(one.pods for one in wanted)
    memory = sum(one.pods * one.memory for one in wanted)
    new = {"pods": pods, "count/pods": pods, **dict.fromkeys(MEMORY, memory)}
    found: list[str] = []
    for quota in quotas:
        spec, status = cast("Json", quota.get("spec", {})), cast("Json", quota.get("status", {}))
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        name = Named.model_validate(quota["metadata"]).name
        hard, used = (cast("Amounts", status.get(key, {})) for key in ("hard", "used"))
        found += [
            f"quota {name}: {what} {used.get(what, '0')} of {most}, {_shown(what, new[what])} more wanted"
            for what, most in hard.items()
            if new.get(what) and amount(used.get(what, "0")) + new[what] > amount(most)
        ]
    return tuple(found)


MEMORY = ("memory", "requests.memory", "limits.memory")


def _shown(what: str, value: float) -> str:
    return f"{value / MIB:.0f}Mi" if what in MEMORY else f"{value:.0f}"
