"""Argo: what a Rollout of Argo Rollouts tells of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pydantic import BaseModel, Field, ValidationError

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Component
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of
from tools.providers.kubernetes.steered import State, Steered, chosen_by, image_in, target_of

HASH = "rollouts-pod-template-hash"
"""Label: of which template a ReplicaSet and its pods are."""


TIMED = frozenset({"CanaryPauseStep", "BlueGreenPause"})
"""Reasons of a pause that the Rollout itself may end in time; any other one is for a person."""


class Pause(BaseModel):
    """Why it does not go on."""

    reason: str = ""


class Share(BaseModel):
    """What one of the two versions gets."""

    weight: int = 0


class Weights(BaseModel):
    """What a router gives the two versions."""

    canary: Share = Share()
    stable: Share = Share()


class Canary(BaseModel):
    """How the shares are."""

    weights: Weights | None = None


class BlueGreen(BaseModel):
    """Which of the two versions is shown."""

    activeSelector: str = ""


class Status(BaseModel):
    """As much of a Rollout's status as we look at."""

    phase: str = ""
    message: str = ""
    observedGeneration: str = ""
    workloadObservedGeneration: str = ""
    currentPodHash: str = ""
    stableRS: str = ""
    currentStepIndex: int | None = None
    pauseConditions: tuple[Pause, ...] | None = None
    canary: Canary = Canary()
    blueGreen: BlueGreen = BlueGreen()


class Steps(BaseModel):
    """What a Rollout does one after the other."""

    steps: tuple[Json, ...] | None = None


class Strategy(BaseModel):
    """How a Rollout brings a version in."""

    canary: Steps | None = None
    blueGreen: Json | None = None


class Reference(BaseModel):
    """Whose pod template a Rollout has, where it has none of its own."""

    kind: str
    name: str


class Spec(BaseModel):
    """As much of a Rollout as we look at."""

    paused: bool = False
    workloadRef: Reference | None = None
    strategy: Strategy = Strategy()


class Metadata(BaseModel):
    """Which state of the Rollout it is."""

    generation: int = 0


class Rollout(BaseModel):
    """A Rollout."""

    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Field(default_factory=Status)

    def is_seen(self, holder: Metadata) -> bool:
        """Whether the controller speaks of this state of it, and of what holds its template."""
        is_own = self.status.observedGeneration == str(self.metadata.generation)
        is_read = self.status.workloadObservedGeneration == str(holder.generation)
        return is_own and (is_read or self.spec.workloadRef is None)

    @property
    def step(self) -> str:
        """At which of its steps it is."""
        steps = self.spec.strategy.canary.steps if self.spec.strategy.canary else None
        at = self.status.currentStepIndex
        return f", step {min(at + 1, len(steps))} of {len(steps)}" if steps and at is not None else ""

    @property
    def is_for_a_person(self) -> bool:
        """Whether no time ends its pause."""
        if any(one.reason not in TIMED for one in self.status.pauseConditions or ()):
            return True
        if (blue_green := self.spec.strategy.blueGreen) is not None:
            return not blue_green.get("autoPromotionSeconds")
        steps = self.spec.strategy.canary.steps if self.spec.strategy.canary else None
        at = self.status.currentStepIndex or 0
        now = steps[at] if steps and at < len(steps) else {}
        return not cast("Json", now.get("pause") or {}).get("duration")


class ByRollout:
    """Looks at one Rollout."""

    def __init__(self, component: Component, kubectl: Kubectl) -> None:
        self._component, self._kubectl = component, kubectl
        own = kubernetes_of(component)
        self._name, self._namespace = own.rollout, own.namespace

    async def look(self) -> Steered:
        found = await self._kubectl.get(Kind.ROLLOUT, self._name)
        if found is None:
            raise OutsideFailed(
                f"there is no Rollout {self._name} in the namespace {self._namespace}", cure="make it"
            )
        rollout = self._read(found)
        kind, holder = await self._holder(rollout, found)
        target = target_of(kind, holder, self._component)
        sets = await self._kubectl.list(Kind.REPLICASET, chosen_by(holder))
        status, by_hash = rollout.status, {name: one for one in sets if (name := _hash(one))}
        stable = image_in(by_hash.get(status.stableRS), target.container)
        state, words = self._state(rollout, Metadata.model_validate(holder["metadata"]))
        return Steered(
            title=f"the Rollout {self._name}",
            workload=self._name,
            target=target,
            stable=stable,
            state=State.UNDER_WAY if state is State.DONE and stable != target.image else state,
            words=words,
            share=_share(rollout, by_hash.get(status.currentPodHash), by_hash.get(status.stableRS)),
            mark="",
            halted="it is paused (spec.paused)" if rollout.spec.paused else "",
            new=chosen_by(holder, {HASH: status.currentPodHash or "none"}),
            old=chosen_by(holder, {HASH: status.stableRS}) if status.stableRS else "",
        )

    def _read(self, found: Json) -> Rollout:
        try:
            rollout = Rollout.model_validate(found)
        except ValidationError as odd:
            said = f"the Rollout {self._name} is not as Argo describes it: {odd.error_count()} fields"
            raise OutsideFailed(said) from odd
        return rollout

    async def _holder(self, rollout: Rollout, found: Json) -> tuple[Kind, Json]:
        """Whose pod template it has: its own, or that of the Deployment that it names."""
        named = rollout.spec.workloadRef
        if named is None:
            return Kind.ROLLOUT, found
        if named.kind != "Deployment":
            raise OutsideFailed(
                f"the Rollout {self._name} has the pod template of a {named.kind} (workloadRef)",
                cure="only one with a template of its own, or a Deployment's, can be handed over to",
            )
        holder = await self._kubectl.get(Kind.DEPLOYMENT, named.name)
        if holder is None:
            raise OutsideFailed(
                f"there is no Deployment {named.name}, whose pod template the Rollout {self._name} has"
            )
        return Kind.DEPLOYMENT, holder

    def _state(self, rollout: Rollout, holder: Metadata) -> tuple[State, str]:
        status = rollout.status
        if not rollout.is_seen(holder):
            return State.UNDER_WAY, "the controller of Argo Rollouts has not taken it up yet"
        words = f"{status.phase}: {status.message}".rstrip(": ") + rollout.step
        if status.phase == "Healthy" and status.stableRS == status.currentPodHash:
            return State.DONE, words
        if status.phase == "Degraded":
            return State.FAILED, words
        if status.phase == "Paused" and rollout.is_for_a_person:
            go_on = f"kubectl argo rollouts promote {self._name} --namespace {self._namespace}"
            return State.WAITS, f"{words}; a person lets it go on: {go_on}"
        return State.UNDER_WAY, words


def _hash(found: Json) -> str:
    return cast("dict[str, dict[str, str]]", found["metadata"]).get("labels", {}).get(HASH, "")


def _share(rollout: Rollout, new: Json | None, old: Json | None) -> int:
    """In percent: what its router has, what is active, or else what as many ready pods get."""
    status = rollout.status
    if status.stableRS == status.currentPodHash or not old:
        return 100
    if rollout.spec.strategy.blueGreen is not None:
        return 100 if status.blueGreen.activeSelector == status.currentPodHash else 0
    if (told := status.canary.weights) is not None:
        return _percent((told.canary.weight, told.stable.weight))
    return _percent((_ready(new), _ready(old)))


def _percent(pair: Sequence[int]) -> int:
    one, other = pair
    return round(100 * one / (one + other)) if one + other else 0


def _ready(found: Json | None) -> int:
    return cast("dict[str, int]", found.get("status") or {}).get("readyReplicas", 0) if found else 0
