"""Steady: when a slot runs as it should, and what is missing until then."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.errors import StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from tools.providers.ecs.definitions import Definition
from tools.providers.ecs.shapes import Service, Task


def is_steady(found: Service, definition: Definition, slot: Slot) -> bool:
    """Whether ECS is through with this definition, and every instance is well."""
    primary = found.primary
    return (
        primary.rollout_state == "COMPLETED"
        and primary.task_definition == definition.arn
        and len(found.deployments) == 1
        and found.running_count == found.desired_count == slot.wanted
        and found.pending_count == 0
        and slot.is_healthy
    )


def require_count(found: Service, instances: int) -> None:
    """Raise StartFailed where somebody else says how many tasks there are.

    To be asked late: right after it was changed, ECS may show what was before.
    """
    wanted = found.desired_count
    if wanted != instances:
        raise StartFailed(
            f"{found.service_name} wants {wanted} tasks and not {instances}: somebody changed it",
            cure="suspend the service's scaling while it is deployed, or give `instances` what it scales to",
        )


def well(task: Task, targets: Mapping[str, tuple[bool, str]] | None) -> tuple[bool, str]:
    """Whether a task is well, and why not: as ECS says, and as the load balancer says of its address."""
    if task.last_status != "RUNNING":
        return False, f"the task is {task.last_status.lower()}"
    if task.health_status == "UNHEALTHY":
        return False, "the container's own health check fails"
    if targets is None:
        return True, ""
    is_well, why = targets.get(task.address, (False, "the load balancer does not know it yet"))
    return is_well, "" if is_well else why


def late(component: Component, slot: Slot) -> str:
    """What is missing when time is up."""
    sick = next((f"{one.id} is unhealthy: {one.detail}" for one in slot.instances if not one.healthy), "")
    few = f"{len(slot.instances)} instead of {slot.wanted} tasks run"
    return f"{sick or few} after {component.health.start_seconds} s"
