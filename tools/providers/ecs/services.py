"""Services: what is asked of a cluster about the two services of a component, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.aws import Ecs
from orchestrate.models.environment import Component
from orchestrate.strategies import SLOTS
from tools.providers.ecs.definitions import Definition
from tools.providers.ecs.shapes import Service, Task
from tools.systems import cloudwatch_logs
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

MOST = 100  # tasks that are described at once
MINE = "orchestrate:component"
BREAKER = {
    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
}
"""ECS gives up by itself when tasks stop again and again; the way back is ours."""


class Services:
    """The services of one component; they are called `service`-blue and `service`-green."""

    def __init__(self, account: Account, component: Component, again: float) -> None:
        self._account, self._component, self._again = account, component, again
        self._own = ecs_of(component)

    async def all(self) -> dict[str, Service]:
        """The services that there are, by slot."""
        names = {self.name(slot): slot for slot in SLOTS}
        told = await self._account.ask(Call.SERVICES, cluster=self._own.cluster, services=list(names))
        found = [Service.model_validate(one) for one in cast("list[Json]", told.get("services", []))]
        return {names[one.service_name]: one for one in found if one.status == "ACTIVE"}

    async def tasks(self, slot: str, status: str = "RUNNING") -> list[Task]:
        """Tasks of a slot that should run, or those that lately stopped."""
        cluster, name = self._own.cluster, self.name(slot)
        told = await self._account.ask(Call.TASKS, cluster=cluster, serviceName=name, desiredStatus=status)
        arns = cast("list[str]", told.get("taskArns", []))[:MOST]
        if not arns:
            return []
        described = await self._account.ask(Call.DESCRIBE_TASKS, cluster=cluster, tasks=arns)
        found = [Task.model_validate(one) for one in cast("list[Json]", described.get("tasks", []))]
        return sorted(found, key=lambda one: one.id)

    async def bring(self, slot: str, definition: Definition, instances: int, target_group: str) -> Service:
        """Have the slot's service run that many tasks of the definition: as it is told then, nobody waits."""
        found = (await self.all()).get(slot)
        if found is None:
            return await self._create(slot, definition, instances, target_group)
        told = await self._account.ask(
            Call.UPDATE_SERVICE,
            cluster=self._own.cluster,
            service=self.name(slot),
            taskDefinition=definition.arn,
            desiredCount=instances,
            deploymentConfiguration=BREAKER,
            # a service that was empty gets a deployment of its own, on which ECS can give up
            forceNewDeployment=found.desired_count == 0 and instances > 0,
        )
        return Service.model_validate(told["service"])

    async def empty(self, slot: str, seconds: float, *, is_made: bool = False) -> None:
        """Have the slot run nothing, and return when it does.

        `is_made`: its service was made or changed just now, and may be shown as it was before, or not at all.
        """
        found = (await self.all()).get(slot)
        if found is None and not is_made:
            return
        if is_made or (found and found.desired_count):
            name = self.name(slot)
            await self._account.ask(
                Call.UPDATE_SERVICE, cluster=self._own.cluster, service=name, desiredCount=0
            )
        for _ in range(max(1, round(seconds / self._again))):
            found = (await self.all()).get(slot)
            if found is None and not is_made:
                return
            if found and found.is_empty and not await self.tasks(slot):
                return
            await asyncio.sleep(self._again)
        raise OutsideFailed(f"{self.name(slot)}: tasks still run {seconds:.0f} s after it was told to stop")

    async def remove(self, slot: str) -> None:
        """Remove the slot's service, where there is one."""
        if slot in await self.all():
            name = self.name(slot)
            await self._account.ask(Call.DELETE_SERVICE, cluster=self._own.cluster, service=name, force=True)

    async def lines(self, definition: Definition, tasks: Sequence[Task], lines: int) -> tuple[str, ...]:
        """What tasks wrote last to CloudWatch Logs; nothing where their driver is another."""
        group, prefix = definition.logs.get("awslogs-group"), definition.logs.get("awslogs-stream-prefix")
        if not group or not prefix or lines <= 0:
            return ()
        streams = [f"{prefix}/{definition.container}/{task.id}" for task in tasks]
        return await cloudwatch_logs.newest(self._account, group, streams, lines)

    def name(self, slot: str) -> str:
        return f"{self._own.service or self._component.name}-{slot}"

    @property
    def family(self) -> str:
        return f"{self._own.service or self._component.name}-versions"

    async def _create(self, slot: str, definition: Definition, instances: int, target_group: str) -> Service:
        own, name = self._own, self.name(slot)
        balanced: Json = {
            "targetGroupArn": target_group,
            "containerName": definition.container,
            "containerPort": own.port,
        }
        about: Json = {
            "loadBalancers": [balanced],
            "healthCheckGracePeriodSeconds": self._component.health.start_seconds,
        }
        told = await self._account.ask(
            Call.CREATE_SERVICE,
            cluster=own.cluster,
            serviceName=name,
            taskDefinition=definition.arn,
            desiredCount=instances,
            launchType=own.launch,
            networkConfiguration={"awsvpcConfiguration": _network(own)},
            deploymentConfiguration=BREAKER,
            tags=[{"key": MINE, "value": self._component.name}],
            propagateTags="TASK_DEFINITION",
            **(about if target_group else {}),
        )
        return Service.model_validate(told["service"])


def ecs_of(component: Component) -> Ecs:
    """Where and how it runs; the settings do not take a component without it."""
    assert component.ecs is not None
    return component.ecs


def _network(own: Ecs) -> Json:
    network: Json = {"subnets": list(own.subnets), "securityGroups": list(own.security_groups)}
    return network | (
        {"assignPublicIp": "ENABLED" if own.public_ip else "DISABLED"} if own.launch == "FARGATE" else {}
    )
