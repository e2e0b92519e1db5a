"""The kubernetes provider: each slot of a component is a Deployment, its traffic a Service or a router's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from orchestrate.errors import NameTaken, OrchestrateError, OutsideFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Move, Scale, SetTraffic, Start
from orchestrate.models.runtime import Instance, Resources, Running, Slot
from tools.provider import Say, refuse_another, require_well, shares, without
from tools.providers.cloud import Cloud
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.settling import End, until_well
from tools.providers.fleet.slots import Slots
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.kubernetes.awaited import seen
from tools.providers.kubernetes.handover import Handover, Patience
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import (
    PART,
    SLOT,
    deployment,
    deployment_name,
    kubernetes_of,
    labels_of,
    version_of,
)
from tools.providers.kubernetes.owners import unowned
from tools.providers.kubernetes.pods import Pod, instance, pods_of
from tools.providers.kubernetes.remains import kept, newest
from tools.providers.kubernetes.resources import resources
from tools.providers.kubernetes.sharing import Sharing, sharing_of
from tools.providers.kubernetes.usage import with_usage
from tools.providers.pushed_images import Images, OfPushedImages

AGAIN = 0.2
LINES = 20


class KubernetesProvider(OfPushedImages, Cloud):
    """Runs the components of one environment in a namespace; the image of a version is kept below `root`."""

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str] | None,
        *,
        filled: Callable[[str], str] = unchanged,
        patience: Patience | None = None,
    ) -> None:
        self._environment = environment
        self._layout = Layout(environment.root)
        self._slots = Slots(self._layout)
        self._images = Images(self._layout, secrets, kubernetes_of)
        self._variables = Variables(environment, secrets, filled)
        self._patience = patience

    async def running(self, component: Component) -> Running:
        if kubernetes_of(component).owner:
            found = await self._handover(component).seen()
            return found.model_copy(update={"slots": (*found.slots, *self._slots.unknown(component.name))})
        kubectl = self._kubectl(component)
        found, pods, weights = await asyncio.gather(
            kubectl.list(Kind.DEPLOYMENT, _whole(component)),
            kubectl.list(Kind.POD, _whole(component)),
            self._sharing(component).weights(),
        )
        unowned(*found)
        port = kubernetes_of(component).port if component.port else 0
        instances = [instance(pod, port) for pod in pods_of(pods)]
        slots = tuple(sorted((_slot(one, instances) for one in found), key=lambda one: one.name))
        return Running(component=component.name, slots=slots, weights=weights if slots else {})

    async def measured(self, component: Component) -> Running:
        running = await self.running(component)
        if kubernetes_of(component).owner:
            return running
        return await with_usage(running, self._kubectl(component), _whole(component))

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        if kubernetes_of(component).owner:
            if isinstance(move, Start | Scale):
                self._slots.refuse_unknown(component.name, move.slot, move.version)
            await self._handover(component).apply(component, move, say)
        else:
            await super().apply(component, move, say)

    async def stop_all(self, component: Component) -> None:
        """Remove the Deployments and the Services of the component."""
        if kubernetes_of(component).owner:
            self._handover(component).forget()
            return
        kubectl = self._kubectl(component)
        await self._sharing(component).end()
        for one in await kubectl.list(Kind.DEPLOYMENT, _whole(component)):
            name = _slot(one, ()).name
            await kubectl.delete(Kind.DEPLOYMENT, deployment_name(component, name))
            await self._until_gone(component, name)

    async def resources(self) -> Resources:
        """The quotas of the namespaces, and the ready nodes, beside what the next deployment starts."""
        handed = [one for one in self._environment.components if one.kubernetes and one.kubernetes.owner]
        found = await resources(self._environment, self._kubectl)
        lacks = [words for one in handed for words in await self._handover(one).lacks()]
        return found.model_copy(update={"lacks": (*found.lacks, *lacks)})

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        if kubernetes_of(component).owner:
            return await self._handover(component).logs(slot, lines)
        return await newest(self._kubectl(component), await self._pods(component, slot), lines)

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:
        """Have exactly the wanted instances of the version, all well; on failure, what was before."""
        image = self._images.require(component, move.version).location
        before = (await self.running(component)).slot(move.slot)
        if before:
            refuse_another(move.slot, before.version, move.version)
        crashes = {one.id: one.restarts for one in before.instances} if before else {}
        try:
            await self._applied(component, move.slot, move.version, move.instances, image)
            await until_well(
                component,
                move.instances,
                crashes,
                lambda: self._seen(component, move),
                self._end_of(component),
            )
        except BaseException:
            await asyncio.shield(self._restore(component, move, before, image, say))
            raise

    async def _restore(
        self, component: Component, move: Start | Scale, before: Slot | None, image: str, say: Say
    ) -> None:
        name = deployment_name(component, move.slot)
        with suppress(OrchestrateError):
            await kept(self._kubectl(component), name, await self._pods(component, move.slot), say)
        if before is None:
            await self._kubectl(component).delete(Kind.DEPLOYMENT, name)
            return
        try:
            await self._applied(component, move.slot, move.version, before.wanted, image)
        except NameTaken as theirs:
            say(f"{component.name}: {name} stays as it is: {theirs}")

    async def _applied(
        self, component: Component, slot: str, version: Version, instances: int, image: str
    ) -> None:
        await self._sharing(component).prepare()
        variables = self._variables.around(slot, version)
        body = deployment(component, slot, version, instances, image, variables)
        await self._kubectl(component).apply(body)

    async def _seen(self, component: Component, move: Start | Scale) -> Sequence[Instance]:
        pods = await self._pods(component, move.slot)
        return await seen(component, move, self._kubectl(component), pods)

    def _end_of(self, component: Component) -> End:
        """What a pod wrote last: the container before this one, where there was one."""

        async def end(pod: str) -> tuple[str, ...]:
            kubectl = self._kubectl(component)
            return await kubectl.logs(pod, LINES, is_previous=True) or await kubectl.logs(pod, LINES)

        return end

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:  # noqa: ARG002
        wanted = shares(move.weights)
        pods = pods_of(await self._kubectl(component).list(Kind.POD, _whole(component)))
        well = {pod.metadata.labels.get(SLOT) for pod in pods if pod.is_ready}
        require_well(component, wanted, {name for name in well if name})
        await self._sharing(component).share(wanted)

    async def _stop(self, component: Component, slot: str) -> None:
        """Out of the shares first; its pods end when routers have learned that, whoever said so."""
        running = await self.running(component)
        if component.port and shares(running.weights).get(slot):
            await self._sharing(component).share(without(running.weights, slot))
        if component.port and running.slot(slot):
            await asyncio.sleep(kubernetes_of(component).pause)
        await self._kubectl(component).delete(Kind.DEPLOYMENT, deployment_name(component, slot))
        await self._until_gone(component, slot)

    async def _until_gone(self, component: Component, slot: str) -> None:
        seconds = component.drain_seconds + kubernetes_of(component).pause + 30
        for _ in range(round(seconds / AGAIN)):
            if not await self._kubectl(component).list(Kind.POD, _selector(component, slot)):
                return
            await asyncio.sleep(AGAIN)
        raise OutsideFailed(f"{component.name}: pods of {slot} are still there after {seconds} s")

    async def _pods(self, component: Component, slot: str) -> list[Pod]:
        return pods_of(await self._kubectl(component).list(Kind.POD, _selector(component, slot)))

    def _handover(self, component: Component) -> Handover:
        return Handover(component, self._kubectl(component), self._slots, self._images, self._patience)

    def _sharing(self, component: Component) -> Sharing:
        return sharing_of(component, self._kubectl(component))

    def _kubectl(self, component: Component) -> Kubectl:
        return Kubectl(kubernetes_of(component), self._layout.home)


def _whole(component: Component) -> str:
    """By which everything of a component is found."""
    return f"{PART}={component.name}"


def _selector(component: Component, slot: str) -> str:
    return ",".join(f"{name}={value}" for name, value in labels_of(component, slot).items())


def _slot(found: Json, instances: Sequence[Instance]) -> Slot:
    """A Deployment as a slot; one whose version nobody wrote down runs a version that we do not know."""
    about, spec = cast("dict[str, dict[str, str]]", found["metadata"]), cast("Json", found["spec"])
    name = about.get("labels", {}).get(SLOT, "")
    return Slot(
        name=name,
        version=version_of(found),
        wanted=cast("int", spec.get("replicas", 0)),
        instances=tuple(one for one in instances if one.slot == name),
    )
