"""By component: an environment whose components run in different places is still one place to the rest."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.errors import ImageMissing
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Move
from orchestrate.models.runtime import Artifact, Resources, Running
from tools.building import Adopting
from tools.image_signatures import LetIn
from tools.provider import Checkout, Hosting, Say, measured


class ByComponent:
    """Asks for each component the provider that its settings name."""

    def __init__(self, providers: Mapping[str, Hosting]) -> None:
        self._providers = providers

    async def running(self, component: Component) -> Running:
        return await self._of(component).running(component)

    async def measured(self, component: Component) -> Running:
        return await measured(self._of(component), component)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        return await self._of(component).build(component, version, checkout, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        return await self._of(component).artifact(component, version)

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """Only containers are adopted, and only from one that says it can."""
        host = self._of(component)
        if not isinstance(host, Adopting):
            raise ImageMissing(f"{component.name}: the provider {component.provider} adopts nothing")
        return await host.adopt(component, version, digest, checkout, say)

    async def login(self, component: Component, image: str) -> str:
        host = self._of(component)
        return await host.login(component, image) if isinstance(host, LetIn) else ""

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        await self._of(component).apply(component, move, say)

    async def resources(self) -> Resources:
        """The fullest of all; what one of them cannot tell, the others tell."""
        distinct = {id(one): one for one in self._providers.values()}.values()
        found = [await one.resources() for one in distinct]
        return Resources(
            disk=_most([one.disk for one in found]),
            disk_said=next((one.disk_said for one in found if one.disk_said), ""),
            memory=_most([one.memory for one in found]),
            cpu=_most([one.cpu for one in found]),
            lacks=tuple(words for one in found for words in one.lacks),
            headroom=all(one.headroom for one in found),
            untold=tuple(words for one in found for words in one.untold),
        )

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        return await self._of(component).tail(component, slot, lines)

    async def public(self, component: Component) -> str:
        return await self._of(component).public(component)

    async def tend(self, component: Component) -> tuple[str, ...]:
        return await self._of(component).tend(component)

    async def stop_all(self, component: Component) -> None:
        await self._of(component).stop_all(component)

    def _of(self, component: Component) -> Hosting:
        return self._providers[component.name]


def _most(shares: list[float | None]) -> float | None:
    return max((share for share in shares if share is not None), default=None)
