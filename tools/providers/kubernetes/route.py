"""Route: the shares as weights of an HTTPRoute (Gateway API), whose other fields are somebody else's."""

from __future__ import annotations

import asyncio
from typing import cast

from pydantic import BaseModel, Field, ValidationError

from orchestrate.errors import NameTaken, OutsideFailed, StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import Weights
from orchestrate.strategies import SLOTS
from tools.providers.kubernetes.kubectl import MANAGER, Json, Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of, slot_service, slot_service_name
from tools.providers.kubernetes.owners import unowned
from tools.providers.kubernetes.ownership import owned

SECONDS = 20.0  # in which a gateway must have taken the weights up
AGAIN = 0.2


class Backend(BaseModel):
    """Who gets a part of a rule's requests."""

    name: str
    kind: str = "Service"
    group: str = ""
    namespace: str = ""
    weight: int = 1


class Rule(BaseModel):
    """As much of a rule as we look at."""

    backendRefs: tuple[Backend, ...] = ()


class Condition(BaseModel):
    """What a gateway says of a route."""

    type: str
    status: str
    message: str = ""
    observedGeneration: int = 0


class Parent(BaseModel):
    """A gateway that was asked to take the route."""

    conditions: tuple[Condition, ...] = ()

    def has_seen(self, generation: int) -> bool:
        """Whether it speaks of this state of the route."""
        return bool(self.conditions) and all(
            one.observedGeneration >= generation for one in self.conditions if one.type in NEEDED
        )

    @property
    def refusals(self) -> list[str]:
        return [
            f"{one.type}: {one.message}"
            for one in self.conditions
            if one.type in NEEDED and one.status == "False"
        ]

    @property
    def is_accepted(self) -> bool:
        return any(one.type == "Accepted" and one.status == "True" for one in self.conditions)


NEEDED = ("Accepted", "ResolvedRefs")


class Spec(BaseModel):
    """Where requests go."""

    rules: tuple[Rule, ...] = ()


class Metadata(BaseModel):
    """Which state of the route it is."""

    generation: int = 0


class Status(BaseModel):
    """What the gateways say."""

    parents: tuple[Parent, ...] = ()


class Route(BaseModel):
    """As much of an HTTPRoute as we look at."""

    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Field(default_factory=Status)


class ByRoute:
    """Changes the weights of the two Services of a component in one HTTPRoute, and nothing else of it."""

    def __init__(self, component: Component, kubectl: Kubectl, *, seconds: float = SECONDS) -> None:
        self._component, self._kubectl, self._seconds = component, kubectl, seconds
        self._name = kubernetes_of(component).route
        self._slots = {slot_service_name(component, slot): slot for slot in SLOTS}

    async def prepare(self) -> None:
        """Each slot has a Service of its own: a gateway refuses a route that names one that is missing."""
        for slot in SLOTS:
            await self._kubectl.apply(slot_service(self._component, slot))

    async def weights(self) -> Weights:
        """Raises OutsideFailed where the route is not there, or not as it must be."""
        shares = [self._shares(rule) for rule in self._ours(_read(await self._found()))]
        if any(one != shares[0] for one in shares):
            raise OutsideFailed(
                f"the rules of the HTTPRoute {self._name} share the traffic differently: {shares}",
                cure=f"give {' and '.join(self._slots)} the same weights in all of its rules",
            )
        return shares[0]

    async def share(self, weights: Weights) -> None:
        found = await self._found()
        self._ours(_read(found))
        said = await self._apply(
            _weighted(found, {name: weights.get(s, 0) for name, s in self._slots.items()})
        )
        await self._until_taken(_read(said).metadata.generation)
        if (now := await self.weights()) != weights:
            raise NameTaken(f"somebody else changes the weights of the HTTPRoute {self._name}: {now}")

    async def end(self) -> None:
        for name in self._slots:
            await self._kubectl.delete(Kind.SERVICE, name)

    async def _found(self) -> Json:
        found = await self._kubectl.get(Kind.ROUTE, self._name, is_owned=True)
        if found is None:
            where, names = kubernetes_of(self._component).namespace, " and ".join(self._slots)
            raise OutsideFailed(
                f"there is no HTTPRoute {self._name} in the namespace {where}",
                cure=f"make it, with rules for {names}: docs/providers/kubernetes.md",
            )
        unowned(found)
        return found

    async def _apply(self, body: Json) -> Json:
        try:
            return await self._kubectl.apply(body)
        except NameTaken as taken:
            cure = (
                f"hand its rules over: kubectl apply --server-side --field-manager={MANAGER} "
                "--force-conflicts, with nothing but the name and the rules"
            )
            raise NameTaken(f"HTTPRoute {self._name}: {taken}", cure=cure) from taken

    async def _until_taken(self, generation: int) -> None:
        """Raises StartFailed where a gateway refuses the route, or none has taken it up in time."""
        for _ in range(round(self._seconds / AGAIN)):
            parents = _read(await self._found()).status.parents
            seen = [one for one in parents if one.has_seen(generation)]
            if refused := [words for one in seen for words in one.refusals]:
                raise StartFailed(f"a gateway refuses the HTTPRoute {self._name}: {'; '.join(refused)}")
            if seen and len(seen) == len(parents) and all(one.is_accepted for one in seen):
                return
            await asyncio.sleep(AGAIN)
        raise StartFailed(
            f"no gateway has taken up the weights of the HTTPRoute {self._name} within {self._seconds:.0f} s",
            cure="see its status: kubectl get httproute -o yaml",
        )

    def _ours(self, route: Route) -> list[Rule]:
        """The rules that name our Services; each of them both, and nobody else."""
        wanted = sorted(self._slots)
        found = [rule for rule in route.spec.rules if {one.name for one in rule.backendRefs} & {*wanted}]
        odd = [rule for rule in found if sorted(one.name for one in rule.backendRefs) != wanted]
        if not found or odd:
            says = "names others beside them" if odd else "names neither of them"
            raise OutsideFailed(
                f"the HTTPRoute {self._name} must have a rule for {' and '.join(wanted)}: it {says}",
                cure=f"backendRefs: [{', '.join(wanted)}], in each rule that names one of them",
            )
        return found

    def _shares(self, rule: Rule) -> Weights:
        """In percent; whoever has any has at least one."""
        told = {self._slots[one.name]: one.weight for one in rule.backendRefs if one.weight}
        if len(told) < 2:
            return dict.fromkeys(told, 100)
        one, other = sorted(told)
        share = min(99, max(1, round(100 * told[one] / (told[one] + told[other]))))
        return {one: share, other: 100 - share}


def _read(found: Json) -> Route:
    try:
        return Route.model_validate(found)
    except ValidationError as odd:
        raise OutsideFailed(
            f"the HTTPRoute is not as the Gateway API describes it: {odd.error_count()} fields"
        ) from odd


def _weighted(found: Json, weights: dict[str, int]) -> Json:
    """What we apply: the rules as they are but for the weights, and what we applied before, as it is now."""
    before = owned(found, MANAGER)
    rules = cast("list[Json]", cast("Json", found["spec"])["rules"])
    new = [_reweighted(rule, weights) for rule in rules]
    return {
        **before,
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {
            **cast("Json", before.get("metadata", {})),
            "name": cast("Json", found["metadata"])["name"],
        },
        "spec": {**cast("Json", before.get("spec", {})), "rules": new},
    }


def _reweighted(rule: Json, weights: dict[str, int]) -> Json:
    backends = cast("list[Json]", rule.get("backendRefs", []))
    new = [{**one, "weight": weights.get(str(one["name"]), one.get("weight", 1))} for one in backends]
    return {**rule, "backendRefs": new} if new else rule
