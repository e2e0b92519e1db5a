"""A namespace with a workload of a team, to whose object a component is handed over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Move, SetTraffic, Start, Weights
from orchestrate.models.runtime import Running
from tests.contracts.provider_worlds import in_cluster
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import Team, phase_of, until
from tests.servers.sample_service import checkout, environment, version
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots
from tools.providers.kubernetes.handover import Handover, Patience
from tools.providers.kubernetes.kubectl import Kubectl
from tools.providers.kubernetes.objects import kubernetes_of
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.providers.pushed_images import Images

QUICK = Patience(again=0.2, begin=6.0, back=30.0)


@dataclass
class Here:
    """The component, its provider, and the team whose workload it is."""

    site: Site
    team: Team
    web: Component
    root: Path
    provider: KubernetesProvider
    said: list[str] = field(default_factory=list[str])

    @staticmethod
    def at(site: Site, root: Path, *, pause: int = 0, **owner: str) -> Here:
        """`pause`: seconds in which routers learn that a pod of the team leaves."""
        namespace = site.namespace()
        web = in_cluster(
            site,
            namespace,
            repository=namespace,
            rollout=owner.get("rollout", ""),
            canary=owner.get("canary", ""),
        )
        provider = KubernetesProvider(environment(root, web), None, patience=QUICK)
        return Here(site, Team(site.cluster, namespace, pause=pause), web, root, provider)

    async def first(self) -> str:
        """The image with which the team made its workload."""
        return await self._pushed(version("v0"), "serve")

    async def build(self, one: Version, does: str = "serve") -> None:
        await self._pushed(one, does)
        await self.provider.build(self.web, one, checkout(does), self.said.append)

    async def image(self, one: Version) -> str:
        artifact = await self.provider.artifact(self.web, one)
        assert artifact is not None
        return artifact.location

    def move(self, slot: str, one: Version) -> Start:
        return Start(component="web", slot=slot, version=one, instances=1)

    async def do(self, move: Move) -> None:
        await self.provider.apply(self.web, move, self.said.append)

    async def start(self, slot: str, one: Version) -> None:
        await self.do(self.move(slot, one))

    async def share(self, weights: Weights, was: Weights | None = None, *, promotes: bool = False) -> None:
        """`promotes`: somebody lets its own pause go on."""
        work = asyncio.create_task(self.do(SetTraffic(component="web", was=was or {}, weights=weights)))
        if promotes:
            await until(lambda: work.done() or phase_of(self.team.rollout()) == "Paused")
            self.team.promote()
        await work

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    def asked_by(self, user: str) -> Handover:
        """The same object, asked by somebody else."""
        told = {"kubeconfig": self.site.cluster.kubeconfig(user, self.team.namespace)}
        web = self.web.model_copy(update={"kubernetes": kubernetes_of(self.web).model_copy(update=told)})
        layout = Layout(self.root)
        kubectl = Kubectl(kubernetes_of(web), layout.home)
        return Handover(web, kubectl, Slots(layout), Images(layout, None, kubernetes_of))

    async def _pushed(self, one: Version, does: str) -> str:
        words = f"serve as {one.name}" if does == "serve" else does  # or the images were the same
        digest = await self.site.publish(self.team.namespace, one, checkout(words))
        return f"{self.site.registry}/{self.team.namespace}@{digest}"
