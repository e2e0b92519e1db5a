"""The ecs provider: each slot of a component is a service, its traffic the weights of a listener's rule."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.errors import OutsideFailed, StartFailed
from orchestrate.models.aws import Aws
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from orchestrate.strategies import SLOTS
from tools.provider import Say, refuse_another, require_well, shares, well_in, without
from tools.providers.cloud import Cloud
from tools.providers.ecs.complaints import failed
from tools.providers.ecs.definitions import Definition, Definitions
from tools.providers.ecs.rule import Rule
from tools.providers.ecs.services import Services, ecs_of
from tools.providers.ecs.shapes import Service, Task
from tools.providers.ecs.steady import is_steady, late, require_count, well
from tools.providers.fleet.layout import Layout
from tools.providers.pushed_images import Images, OfPushedImages
from tools.systems import ecr
from tools.systems.aws import Account

AGAIN = 3.0  # seconds between two looks
STOPPING = 120  # seconds that ECS may take beyond what a component has to finish
LINES = 20


@dataclass(frozen=True)
class Begun:
    """When a service was told what to run, and the deployment that began: an older one may have failed."""

    at: datetime
    rollout: str


class EcsProvider(OfPushedImages, Cloud):
    """Runs the components of one environment in ECS; which image a version is, is kept below its root."""

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str] | None,
        *,
        again: float = AGAIN,
    ) -> None:
        self._environment, self._secrets, self._again = environment, secrets, again
        self._images = Images(Layout(environment.root), secrets, ecs_of, self._digest)
        self._accounts: dict[Aws, Account] = {}
        self._definitions: dict[Aws, Definitions] = {}

    async def running(self, component: Component) -> Running:
        services = self._services(component)
        found = await services.all()
        slots = [await self._slot(component, slot, found[slot]) for slot in SLOTS if slot in found]
        some = tuple(one for one in slots if one.wanted or one.instances)
        weights = await self._rule(component).weights() if component.port and some else {}
        names = {one.name for one in some}
        there = {slot: share for slot, share in weights.items() if slot in names}
        return Running(component=component.name, slots=some, weights=there)

    async def login(self, component: Component, image: str) -> str:
        """For ECR, as ourselves."""
        return await ecr.login(self._account(ecs_of(component).aws), image)

    async def stop_all(self, component: Component) -> None:
        """Stop and remove both services of the component; the rule and its target groups stay."""
        services = self._services(component)
        for slot in await services.all():
            await services.empty(slot, component.drain_seconds + STOPPING)
            await services.remove(slot)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        services = self._services(component)
        found = (await services.all()).get(slot)
        if found is None or lines <= 0:
            return ()
        return await self._lines(component, found, await services.tasks(slot), lines)

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have exactly the wanted tasks of the version, all well; on failure, what was before."""
        artifact = self._images.require(component, move.version)
        before = (await self.running(component)).slot(move.slot)
        if before:
            refuse_another(move.slot, before.version, move.version)
        definition = await self._definition(component, move, artifact, before)
        began = datetime.now(UTC)
        try:
            group = self._rule(component).group(move.slot) if component.port else ""
            made = await self._services(component).bring(move.slot, definition, move.instances, group)
            await self._until_steady(component, move, definition, Begun(began, made.primary.id))
        except BaseException:
            await asyncio.shield(self._taken_back(component, move.slot, definition, before))
            raise

    async def _definition(
        self, component: Component, move: Start | Scale, artifact: Artifact, before: Slot | None
    ) -> Definition:
        """What the slot runs already, where that is this version's image; else its revision."""
        own, services = ecs_of(component), self._services(component)
        definitions = self._definitions_of(own.aws)
        if before is not None:
            found = (await services.all())[move.slot]
            runs = await definitions.of(own, found.task_definition)
            if runs.image == artifact.location:
                return runs
        return await definitions.revision(own, services.family, move.version, artifact.location)

    async def _taken_back(
        self, component: Component, slot: str, definition: Definition, before: Slot | None
    ) -> None:
        """What was before; what went wrong first is what is told."""
        services = self._services(component)
        try:
            if before is None or not before.wanted:
                await services.empty(slot, component.drain_seconds + STOPPING, is_made=True)
            else:
                await services.bring(slot, definition, before.wanted, "")
        except OutsideFailed:
            return

    async def _until_steady(
        self, component: Component, move: Start | Scale, definition: Definition, begun: Begun
    ) -> None:
        """Return when ECS says that the deployment is complete, and the load balancer that all is well.

        Raises StartFailed with the reasons of stopped tasks and the service's events.
        """
        services, until = self._services(component), time.monotonic() + component.health.start_seconds
        while True:
            found = (await services.all()).get(move.slot)
            is_late = time.monotonic() > until
            if found is not None:
                slot = await self._slot(component, move.slot, found)
                if is_steady(found, definition, slot) and slot.wanted == move.instances:
                    return
                if found.primary.rollout_state == "FAILED" and found.primary.id == begun.rollout:
                    raise await self._failed(component, found, begun.at, found.primary.rollout_state_reason)
                if is_late:
                    require_count(found, move.instances)
                    raise await self._failed(component, found, begun.at, late(component, slot))
            elif is_late:
                raise StartFailed(f"{services.name(move.slot)} is not there; somebody removed it")
            await asyncio.sleep(self._again)

    async def _failed(self, component: Component, found: Service, began: datetime, why: str) -> StartFailed:
        services, slot = self._services(component), found.service_name.rpartition("-")[2]
        tasks = await services.tasks(slot, "STOPPED")
        stopped = [one for one in tasks if one.created_at is None or one.created_at >= began]
        events = [one for one in found.events if one.created_at is None or one.created_at >= began]
        try:
            end = await self._lines(component, found, stopped[:1], LINES)
        except OutsideFailed:
            end = ()
        return failed(found.service_name, why, stopped, events, end)

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        running = await self.running(component)
        wanted = shares(move.weights)
        require_well(component, wanted, well_in(running.slots))
        now = shares(running.weights)
        if move.was and now not in (shares(move.was), wanted):
            say(f"{component.name}: the rule had {now}, and not {shares(move.was)}")
        await self._rule(component).share(wanted)

    async def _stop(self, component: Component, slot: str) -> None:
        """Out of the rule first; its tasks end when the load balancer has learned that, whoever said so."""
        running = await self.running(component)
        left = shares(without(running.weights, slot)) if slot in shares(running.weights) else {}
        if component.port and left:
            await self._rule(component).share(left)
        if component.port and running.slot(slot):
            await asyncio.sleep(ecs_of(component).pause)
        await self._services(component).empty(slot, component.drain_seconds + STOPPING)

    async def _slot(self, component: Component, name: str, service: Service) -> Slot:
        """A service as a slot; one whose revision we did not register runs a version that we do not know."""
        own = ecs_of(component)
        definition = await self._definitions_of(own.aws).of(own, service.task_definition)
        tasks = await self._services(component).tasks(name)
        targets = await self._rule(component).targets(name) if component.port and tasks else None
        instances = [await self._instance(component, name, one, targets) for one in tasks]
        wanted = service.desired_count
        return Slot(name=name, version=definition.version, wanted=wanted, instances=tuple(instances))

    async def _instance(
        self, component: Component, slot: str, task: Task, targets: Mapping[str, tuple[bool, str]] | None
    ) -> Instance:
        own = ecs_of(component)
        runs = await self._definitions_of(own.aws).of(own, task.task_definition_arn)
        is_well, why = well(task, targets)
        return Instance(
            id=task.id,
            slot=slot,
            address=f"{task.address}:{own.port}" if component.port and task.address else "",
            healthy=is_well,
            restarts=0,  # a task that ended is replaced by another one
            started_at=task.started_at or task.created_at or datetime.now(UTC),
            detail=why,
            tree=self._tree(component, runs),
        )

    def _tree(self, component: Component, runs: Definition) -> str:
        """Of the version whose image a task really runs; the image, where it is not the version's."""
        if runs.version is None:
            return ""
        known = self._images.recorded(component, runs.version)
        return runs.version.tree if known is None or known.location == runs.image else runs.image

    async def _lines(
        self, component: Component, service: Service, tasks: list[Task], lines: int
    ) -> tuple[str, ...]:
        own = ecs_of(component)
        definition = await self._definitions_of(own.aws).of(own, service.task_definition)
        return await self._services(component).lines(definition, tasks, lines)

    async def _digest(self, component: Component, tag: str) -> str:
        own = ecs_of(component)
        if ecr.is_in_ecr(tag) and own.credentials is None:
            return await ecr.digest(self._account(own.aws), tag)
        return await self._images.digest(component, tag)

    def _account(self, aws: Aws) -> Account:
        return self._accounts.setdefault(aws, Account(aws, self._secrets))

    def _definitions_of(self, aws: Aws) -> Definitions:
        return self._definitions.setdefault(aws, Definitions(self._account(aws)))

    def _services(self, component: Component) -> Services:
        return Services(self._account(ecs_of(component).aws), component, self._again)

    def _rule(self, component: Component) -> Rule:
        own = ecs_of(component)
        return Rule(self._account(own.aws), own, self._again)
