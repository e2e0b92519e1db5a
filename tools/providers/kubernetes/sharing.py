"""Sharing: who brings requests to the slots of a component, and in which shares."""

from __future__ import annotations

from typing import Protocol

from orchestrate.models.environment import Component
from orchestrate.models.move import Weights
from tools.providers.kubernetes.ingress import ByIngress
from tools.providers.kubernetes.kubectl import Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of, service, service_name, weights_of
from tools.providers.kubernetes.owners import unowned
from tools.providers.kubernetes.route import ByRoute


class Sharing(Protocol):
    """The object of the cluster by which a component's traffic is shared."""

    async def prepare(self) -> None:
        """Make what the slots are reached by. Done twice it is done once."""
        ...

    async def weights(self) -> Weights:
        """The shares in force; empty where nobody gets any."""
        ...

    async def share(self, weights: Weights) -> None:
        """Bring the shares to these, and return when they are in force as far as the cluster tells it.

        Raises NameTaken where somebody else manages them, StartFailed where they are not taken up.
        """
        ...

    async def end(self) -> None:
        """Remove what was made here; what is somebody else's stays."""
        ...


class BySelector:
    """A Service that selects one slot, or all of them: then each instance gets as much as any other."""

    def __init__(self, component: Component, kubectl: Kubectl) -> None:
        self._component, self._kubectl = component, kubectl

    async def prepare(self) -> None:
        """Nothing: the Service is made with the first shares."""

    async def weights(self) -> Weights:
        found = await self._kubectl.get(Kind.SERVICE, service_name(self._component))
        unowned(found)
        return weights_of(found) if found else {}

    async def share(self, weights: Weights) -> None:
        await self._kubectl.apply(service(self._component, weights))

    async def end(self) -> None:
        await self._kubectl.delete(Kind.SERVICE, service_name(self._component))


class ByNobody:
    """For a component that takes no traffic."""

    async def prepare(self) -> None: ...

    async def weights(self) -> Weights:
        return {}

    async def share(self, weights: Weights) -> None: ...

    async def end(self) -> None: ...


def sharing_of(component: Component, kubectl: Kubectl) -> Sharing:
    """What the settings of the component name."""
    if not component.port:
        return ByNobody()
    settings = kubernetes_of(component)
    if settings.route:
        return ByRoute(component, kubectl)
    if settings.ingress:
        return ByIngress(component, kubectl)
    return BySelector(component, kubectl)
