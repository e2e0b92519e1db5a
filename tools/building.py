"""Building: the artifact of a version, made once and found again; where one was proven, that one."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from orchestrate.errors import DigestDiffers
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.plan import Plan, Shipped
from orchestrate.models.proven import Proven
from orchestrate.models.runtime import Artifact
from tools.executor import EffectClass, Write
from tools.merge import Source
from tools.place import Place
from tools.provider import Checkout, Say

BUILD = "build"
CURE = (
    "put back what the environment before ran, bring a new commit through it, "
    "or override with --override promotion=REASON"
)


class BuildOrder(Fact):
    """Which component to build, from which version, and what it was in the environment before."""

    component: str
    version: Version
    proven: Proven | None = None
    signed: str = ""  # the digest that somebody signed, where that is demanded


def ordered(plan: Plan, shipped: Shipped) -> BuildOrder:
    """What the plan says about building one component."""
    signed = next((one.digest for one in plan.images if one.component == shipped.component), "")
    named = {"component": shipped.component, "version": shipped.to_version}
    return BuildOrder.model_validate({**named, "proven": shipped.proven, "signed": signed})


@runtime_checkable
class Adopting(Protocol):
    """A provider that runs what another environment had made, where both have it."""

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """From now on the version is the image with this digest. Raises ImageMissing, Unreachable."""
        ...


def building(place: Place, source: Source, say: Say) -> Write[BuildOrder, Artifact]:
    """The tool that builds one component; what is not the proven artifact is refused before anything runs."""

    async def observe(order: BuildOrder) -> Artifact | None:
        found = await place.provider.artifact(place.component(order.component), order.version)
        if found is None or not found.pinned:  # what a registry merely has cannot be started
            return None
        return None if _objection(order, found) else found

    async def act(order: BuildOrder) -> Artifact:
        component = place.component(order.component)
        proven, provider = order.proven, place.provider
        is_adopted = proven is not None and proven.is_adopted_as(order.version)
        if proven is not None and is_adopted and isinstance(provider, Adopting):
            return await provider.adopt(component, order.version, proven.digest, source.checkout, say)
        _refuse(order, await provider.artifact(component, order.version))
        built = await provider.build(component, order.version, source.checkout, say)
        _refuse(order, built)
        return built

    return Write(
        name=BUILD,
        effect=EffectClass.CHANGE,
        result=Artifact,
        key=lambda order: f"{order.component}/{order.version.tree}",
        observe=observe,
        act=act,
    )


def _objection(order: BuildOrder, found: Artifact) -> str:
    if order.signed and order.signed != found.digest:
        return (
            f"{order.component}: {order.signed} is what was signed, and here this version is {found.digest}"
        )
    return order.proven.objection(found.digest) if order.proven else ""


def _refuse(order: BuildOrder, found: Artifact | None) -> None:
    """Raises DigestDiffers."""
    if found is not None and (said := _objection(order, found)):
        raise DigestDiffers(said, cure=CURE)
