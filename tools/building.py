"""Building: the artifact of a version, made once and found again."""

from __future__ import annotations

from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Artifact
from tools.executor import EffectClass, Write
from tools.merge import Source
from tools.place import Place
from tools.provider import Say


class BuildOrder(Fact):
    """Which component to build, from which version."""

    component: str
    version: Version


def building(place: Place, source: Source, say: Say) -> Write[BuildOrder, Artifact]:
    """The tool that builds one component."""

    async def observe(order: BuildOrder) -> Artifact | None:
        return await place.provider.artifact(place.component(order.component), order.version)

    async def act(order: BuildOrder) -> Artifact:
        component = place.component(order.component)
        return await place.provider.build(component, order.version, source.checkout, say)

    return Write(
        name="build",
        effect=EffectClass.CHANGE,
        result=Artifact,
        key=lambda order: f"{order.component}/{order.version.tree}",
        observe=observe,
        act=act,
    )
