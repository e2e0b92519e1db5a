"""Flagger: what a Canary of Flagger, its target and its primary tell of themselves."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field, ValidationError

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Component
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of
from tools.providers.kubernetes.steered import State, Steered, chosen_by, image_in, target_of

SETTLED = frozenset({"Initialized", "Succeeded", "Failed"})
"""Phases in which the primary has all of the traffic, and nothing is under way."""

WAITING = frozenset({"Waiting", "WaitingPromotion"})


class Reference(BaseModel):
    """Which workload a Canary steers."""

    kind: str = "Deployment"
    name: str


class Condition(BaseModel):
    """One thing that is so of a Canary, or is not."""

    type: str
    message: str = ""


class Status(BaseModel):
    """As much of a Canary's status as we look at."""

    phase: str = ""
    canaryWeight: int = 0
    failedChecks: int = 0
    lastAppliedSpec: str = ""
    conditions: tuple[Condition, ...] = ()


class Spec(BaseModel):
    """What a Canary steers."""

    targetRef: Reference
    suspend: bool = False


class Canary(BaseModel):
    """A Canary."""

    spec: Spec
    status: Status = Field(default_factory=Status)

    @property
    def words(self) -> str:
        """What it says of itself."""
        said = next((one.message for one in self.status.conditions if one.type == "Promoted"), "")
        checks = f" ({self.status.failedChecks} failed checks)" if self.status.failedChecks else ""
        return f"{self.status.phase or 'new'}: {said}".rstrip(": ") + checks


class Rolled(BaseModel):
    """How far a Deployment is with its template."""

    observedGeneration: int = 0
    replicas: int = 0
    updatedReplicas: int = 0
    availableReplicas: int = 0


class Generation(BaseModel):
    """Which state of a Deployment it is."""

    generation: int = 0


class Primary(BaseModel):
    """The Deployment that Flagger keeps beside the target, and that has the traffic."""

    metadata: Generation = Generation()
    status: Rolled = Field(default_factory=Rolled)

    @property
    def is_rolled_out(self) -> bool:
        status = self.status
        is_whole = status.replicas == status.updatedReplicas == status.availableReplicas
        return is_whole and status.observedGeneration >= self.metadata.generation


class ByCanary:
    """Looks at one Canary, the Deployment that is its target, and the one that is its primary."""

    def __init__(self, component: Component, kubectl: Kubectl) -> None:
        self._component, self._kubectl = component, kubectl
        own = kubernetes_of(component)
        self._name, self._namespace = own.canary, own.namespace

    async def look(self) -> Steered:
        canary = _read(await self._found(Kind.CANARY, self._name), self._name)
        if canary.spec.targetRef.kind != "Deployment":
            raise OutsideFailed(
                f"the Canary {self._name} steers a {canary.spec.targetRef.kind}",
                cure="only one whose target is a Deployment can be handed over to",
            )
        name = canary.spec.targetRef.name
        found, primary = await asyncio.gather(
            self._found(Kind.DEPLOYMENT, name), self._kubectl.get(Kind.DEPLOYMENT, f"{name}-primary")
        )
        target = target_of(Kind.DEPLOYMENT, found, self._component)
        stable = image_in(primary, target.container)
        state, words = _state(canary, primary, is_promoted=stable == target.image)
        return Steered(
            title=f"the Canary {self._name}",
            workload=name,
            target=target,
            stable=stable,
            state=state,
            words=words,
            share=100 if stable == target.image else canary.status.canaryWeight,
            mark=canary.status.lastAppliedSpec,
            halted="it is suspended (spec.suspend)" if canary.spec.suspend else "",
            new=chosen_by(found if primary is None or stable != target.image else primary),
            old=chosen_by(primary) if primary is not None else "",
        )

    async def _found(self, kind: Kind, name: str) -> Json:
        found = await self._kubectl.get(kind, name)
        if found is None:
            what = "Canary" if kind is Kind.CANARY else f"Deployment of the Canary {self._name}, called"
            raise OutsideFailed(
                f"there is no {what} {name} in the namespace {self._namespace}", cure="make it"
            )
        return found


def _read(found: Json, name: str) -> Canary:
    try:
        return Canary.model_validate(found)
    except ValidationError as odd:
        said = f"the Canary {name} is not as Flagger describes it: {odd.error_count()} fields"
        raise OutsideFailed(said) from odd


def _state(canary: Canary, primary: Json | None, *, is_promoted: bool) -> tuple[State, str]:
    phase = canary.status.phase
    if is_promoted and phase in SETTLED:
        is_there = primary is not None and Primary.model_validate(primary).is_rolled_out
        return (State.DONE if is_there else State.UNDER_WAY), canary.words
    if phase == "Failed":
        return State.FAILED, canary.words
    if phase in WAITING:
        return State.WAITS, f"{canary.words}; its webhook waits for whoever confirms it"
    if phase in SETTLED:
        return State.UNDER_WAY, "Flagger has not taken the image up yet"
    return State.UNDER_WAY, f"{canary.words}, {canary.status.canaryWeight} % of the traffic"
