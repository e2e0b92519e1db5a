"""Ingress: the share of one slot as the weight of a second Ingress, a canary of the nginx controller.

The Ingress of the settings is somebody else's and leads to the component's Service. Ours repeats its hosts
and paths, leads to the Service of the other slot, and carries the weight.
"""

from __future__ import annotations

from typing import cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import Weights
from orchestrate.strategies import SLOTS
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import (
    PART,
    kubernetes_of,
    service,
    service_name,
    slot_service,
    slot_service_name,
    weights_of,
)
from tools.providers.kubernetes.owners import unowned

CANARY = "nginx.ingress.kubernetes.io/canary"
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
TO = "orchestrate/slot"
"""Annotation: the slot to which our Ingress leads."""


class ByIngress:
    """The Service selects one slot; the other one's share is the weight of our Ingress."""

    def __init__(self, component: Component, kubectl: Kubectl) -> None:
        self._component, self._kubectl = component, kubectl
        self._name = kubernetes_of(component).ingress
        self._ours = f"{self._name}-canary"

    async def prepare(self) -> None:
        """Each slot has a Service of its own, to which our Ingress can lead."""
        for slot in SLOTS:
            await self._kubectl.apply(slot_service(self._component, slot))

    async def weights(self) -> Weights:
        """Raises OutsideFailed where the Ingress is not there, or does not lead to the Service."""
        await self._canary(SLOTS[0], 0)
        first, other = await self._selected(), await self._second()
        if first is None or other is None or other[0] == first or not other[1]:
            return {first: 100} if first else {}
        slot, weight = other
        return {slot: weight, first: 100 - weight} if weight < 100 else {slot: 100}

    async def share(self, weights: Weights) -> None:
        """At no moment does anybody get traffic who has none before or after."""
        first, second = await self._selected(), await self._second()
        if first not in weights:
            first = max(weights, key=lambda slot: weights[slot], default=None)
            await self._kubectl.apply(service(self._component, {first: 100} if first else {}))
        other = next((slot for slot in weights if slot != first), second[0] if second else "")
        if other:
            await self._kubectl.apply(
                await self._canary(other, weights.get(other, 0) if first != other else 0)
            )

    async def end(self) -> None:
        await self._kubectl.delete(Kind.INGRESS, self._ours)
        for name in (service_name(self._component), *(slot_service_name(self._component, s) for s in SLOTS)):
            await self._kubectl.delete(Kind.SERVICE, name)

    async def _selected(self) -> str | None:
        """The slot that the Service selects."""
        found = await self._kubectl.get(Kind.SERVICE, service_name(self._component))
        unowned(found)
        return next(iter(weights_of(found)), None) if found else None

    async def _second(self) -> tuple[str, int] | None:
        """To which slot our Ingress leads, and with which weight."""
        found = await self._kubectl.get(Kind.INGRESS, self._ours)
        unowned(found)
        if found is None:
            return None
        told = cast("dict[str, dict[str, str]]", found["metadata"]).get("annotations", {})
        slot, weight = told.get(TO, ""), told.get(WEIGHT, "")
        if slot not in SLOTS or not weight.isdecimal() or int(weight) > 100 or told.get(CANARY) != "true":
            raise OutsideFailed(
                f"the Ingress {self._ours} is not as we made it: somebody changed its annotations",
                cure=f"delete it while {self._component.name} has one version; it is made again",
            )
        return slot, int(weight)

    async def _canary(self, slot: str, weight: int) -> Json:
        """Our Ingress: the same hosts and paths as far as they lead to the Service, and another end."""
        found = await self._kubectl.get(Kind.INGRESS, self._name)
        if found is None:
            where = kubernetes_of(self._component).namespace
            raise OutsideFailed(f"there is no Ingress {self._name} in the namespace {where}", cure="make it")
        spec = cast("Json", found["spec"])
        rules = [self._turned(rule, slot) for rule in cast("list[Json]", spec.get("rules", []))]
        rules = [rule for rule in rules if rule]
        if not rules:
            leads = service_name(self._component)
            raise OutsideFailed(
                f"no path of the Ingress {self._name} leads to the Service {leads}",
                cure=f"give it a rule whose backend is {leads}",
            )
        kept = {key: spec[key] for key in ("ingressClassName", "tls") if key in spec}
        told = {CANARY: "true", WEIGHT: str(weight), TO: slot}
        labels = {PART: self._component.name}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": self._ours, "labels": labels, "annotations": told},
            "spec": {**kept, "rules": rules},
        }

    def _turned(self, rule: Json, slot: str) -> Json:
        """The rule with its paths to the Service alone, leading to the slot's; empty where it has none."""
        paths = cast("list[Json]", cast("Json", rule.get("http", {})).get("paths", []))
        ours = [
            {**path, "backend": {"service": {**backend, "name": slot_service_name(self._component, slot)}}}
            for path in paths
            if (backend := _service_of(path)).get("name") == service_name(self._component)
        ]
        return {**rule, "http": {"paths": ours}} if ours else {}


def _service_of(path: Json) -> Json:
    return cast("Json", cast("Json", path.get("backend", {})).get("service", {}))
