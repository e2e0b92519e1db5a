"""A scheduler for moto's ECS, whose services never do anything by themselves: it runs tasks, and gives up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any  # moto's objects have no types

ACCOUNT, REGION = "123456789012", "eu-central-1"
KNOWN = ("serve", "crash", "missing", "sick")
FAILURES = 3  # after which the circuit breaker gives up
STAYS = 3  # ticks after which the load balancer has a sick task stopped
CANNOT_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"


class Cluster:
    """Drives every service of the account: tasks come, get well or end, as `does` says of their image.

    serve: well at once; crash: ends with 3; missing: its image cannot be pulled; sick: never healthy;
    anything else: it is not placed, and these words are the service's event.
    """

    def __init__(self, does: dict[str, str]) -> None:
        from moto.ecs.models import ecs_backends  # pyright: ignore
        from moto.elbv2.models import elbv2_backends  # pyright: ignore

        self.ecs: Any = ecs_backends[ACCOUNT][REGION]
        self._elb: Any = elbv2_backends[ACCOUNT][REGION]
        self._does = does
        self._seen: dict[str, int] = {}  # task → ticks
        self._sick: set[str] = set()  # addresses
        self._lock = threading.RLock()
        self._end = threading.Event()
        self.is_frozen = False
        self.moved: Callable[[], None] = lambda: None  # called after each target that came or went
        self._put_between()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(10)

    def healthy(self, group: str) -> int:
        """How many targets of a group get requests."""
        return sum(one.status == "healthy" for one in self._elb.describe_target_health(group, []))

    def _run(self) -> None:
        while not self._end.wait(0.03):
            with self._lock:
                for service in list(self.ecs.services.values()):
                    if service.status == "ACTIVE" and not self.is_frozen:
                        self._tick(service)

    def _put_between(self) -> None:
        """Moto calls a service steady at once and lists every service's tasks: here it is as in ECS."""
        update, tasks = self.ecs.update_service, self.ecs.list_tasks
        health = self._elb.describe_target_health

        def updated(properties: dict[str, Any]) -> Any:
            with self._lock:
                is_forced = bool(properties.get("force_new_deployment"))
                found = self.ecs.services.get(f"{properties['cluster']}:{properties['service']}")
                before = (found.task_definition, found.running_count) if found else ("", 0)
                service = update(properties)
                service.running_count = before[1]
                if is_forced or service.task_definition != before[0]:
                    self._begin(service)
                return service

        def listed(*words: Any, **named: Any) -> Any:
            name = named.pop("service_name", None) or (words[4] if len(words) > 4 else None)
            words = tuple(None if index == 4 else word for index, word in enumerate(words))
            return [one for one in tasks(*words, **named) if not name or one.group == f"service:{name}"]

        def described(arn: str, targets: Any) -> Any:
            found = health(arn, targets)
            for one in found:
                if one.instance_id in self._sick:
                    one.status, one.reason = "unhealthy", "Target.ResponseCodeMismatch"
                    one.description = "Health checks failed with these codes: [500]"
            return found

        self.ecs.update_service, self.ecs.list_tasks = updated, listed
        self._elb.describe_target_health = described

    def _begin(self, service: Any) -> None:
        first = dict(service.deployments[0])
        count = len(self.ecs.tasks) + len(service.deployments) + time.monotonic_ns() % 1000
        first |= {"id": f"ecs-svc/{count}", "status": "PRIMARY", "taskDefinition": service.task_definition}
        first |= {"rolloutState": "IN_PROGRESS", "failedTasks": 0, "rolloutStateReason": "in progress"}
        service.deployments[:] = [first]

    def _tick(self, service: Any) -> None:
        tasks = [one for one in self._tasks(service) if one.last_status == "RUNNING"]
        for task in tasks:
            self._live(service, task)
        tasks = [one for one in tasks if one.last_status == "RUNNING"]
        stale = [one for one in tasks if one.task_definition_arn != service.task_definition]
        fresh = [one for one in tasks if one not in stale]
        for task in [*stale, *fresh[service.desired_count :]]:
            self._end_of(service, task, "Scaling activity initiated by deployment")
        first = service.deployments[0]
        if len(fresh) < service.desired_count and first["rolloutState"] != "FAILED":
            self._launch(service)
        running = [one for one in self._tasks(service) if one.last_status == "RUNNING"]
        service.running_count, service.pending_count = len(running), 0
        first |= {"runningCount": len(running), "desiredCount": service.desired_count}
        is_well = len(running) == service.desired_count and not any(
            _address(one) in self._sick for one in running
        )
        if (
            first["rolloutState"] == "IN_PROGRESS"
            and is_well
            and all(self._seen[one.id] > 1 for one in running)
        ):
            first |= {"rolloutState": "COMPLETED", "rolloutStateReason": "completed"}

    def _live(self, service: Any, task: Any) -> None:
        self._seen[task.id] = self._seen.get(task.id, 0) + 1
        does = self._does.get(task.containers[0].image.partition("@")[2], "serve")
        if does == "crash":
            task.containers[0].exitCode = 3
            self._failed(service, task, "Essential container in task exited")
        elif does == "missing":
            self._failed(service, task, CANNOT_PULL)
        elif does == "sick" and self._seen[task.id] > STAYS:
            self._failed(service, task, "Task failed ELB health checks in (target-group web-blue)")

    def _launch(self, service: Any) -> None:
        from moto.ecs.models import Task  # pyright: ignore

        image = self.ecs.describe_task_definition(service.task_definition).container_definitions[0]["image"]
        does = self._does.get(image.partition("@")[2], "serve")
        if does not in KNOWN:
            self.say(service, does)
            return
        made: Any = Task(
            self.ecs.clusters[service.cluster_name],
            self.ecs.describe_task_definition(service.task_definition),
            None,
            None,
            self.ecs,
            f"service:{service.name}",
            started_by=service.deployments[0]["id"],
            networking_configuration=service.network_configuration,
        )
        made.advance = _still
        self._seen[made.id] = 0
        self.ecs.tasks.setdefault(service.cluster_name, {})[made.task_arn] = made
        if does == "sick":
            self._sick.add(_address(made))
        for balanced in service.load_balancers:
            self._elb.register_targets(balanced["targetGroupArn"], [{"Id": _address(made)}])
        self.moved()

    def say(self, service: Any, words: str) -> None:
        """The service's newest event, which is told once while nothing else happens."""
        if not service.events or service.events[0]["message"] != words:
            service.events.insert(0, {"id": words[:8], "createdAt": time.time(), "message": words})

    def _failed(self, service: Any, task: Any, why: str) -> None:
        self._end_of(service, task, why)
        first = service.deployments[0]
        first["failedTasks"] += 1
        if first["failedTasks"] >= FAILURES and first["rolloutState"] == "IN_PROGRESS":
            first |= {
                "rolloutState": "FAILED",
                "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
            }

    def _end_of(self, service: Any, task: Any, why: str) -> None:
        task.last_status = task.desired_status = "STOPPED"
        task.stopped_reason = why
        for balanced in service.load_balancers:
            self._elb.deregister_targets(balanced["targetGroupArn"], [{"Id": _address(task)}])
        self.moved()

    def _tasks(self, service: Any) -> list[Any]:
        tasks = self.ecs.tasks.get(service.cluster_name, {}).values()
        return [one for one in tasks if one.group == f"service:{service.name}"]


def _still() -> None:
    """A task of moto's goes on to its end whenever somebody looks at it; ours does not."""


def _address(task: Any) -> str:
    details = task.attachments[0]["details"]
    return next(one["value"] for one in details if one["name"] == "privateIPv4Address")
