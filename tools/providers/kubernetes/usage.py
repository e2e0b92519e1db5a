"""Usage: what pods take of CPU and memory, where the cluster has a metrics API."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied, OutsideFailed
from orchestrate.models.runtime import Instance, Running
from tools.providers.kubernetes.complaints import KindUnknown
from tools.providers.kubernetes.kubectl import Kind, Kubectl
from tools.providers.kubernetes.quantities import MIB, amount

NO_API = "the cluster has no metrics API (metrics.k8s.io)"
NOT_ALLOWED = "we may not list pods.metrics.k8s.io"
NO_ANSWER = "the cluster's metrics API does not answer, or not with amounts"
Taken = tuple[float, float]  # percent of one core, MiB


class Amounts(BaseModel):
    """What a container takes."""

    cpu: str
    memory: str


class Container(BaseModel):
    """One container of a pod."""

    name: str = ""
    usage: Amounts


class Named(BaseModel):
    """Which pod it is."""

    name: str


class PodMetrics(BaseModel):
    """As much of what is told of a pod as we look at."""

    metadata: Named
    containers: tuple[Container, ...] = ()

    def taken(self, container: str) -> Taken | None:
        """By that container, whose limit is ours, or by all where none is called so; None without any."""
        counted = [one.usage for one in self.containers if one.name == container]
        counted = counted or [one.usage for one in self.containers]
        if not counted:
            return None
        return 100 * sum(amount(one.cpu) for one in counted), sum(amount(one.memory) for one in counted) / MIB


async def with_usage(running: Running, kubectl: Kubectl, selector: str) -> Running:
    """What runs, with what each pod takes, or why nobody tells it; nothing is ever raised for that."""
    try:
        told = [PodMetrics.model_validate(one) for one in await kubectl.list(Kind.USAGE, selector)]
        taken = {one.metadata.name: one.taken(running.component) for one in told}
    except KindUnknown:
        return running.model_copy(update={"unmeasured": NO_API})
    except AccessDenied:
        return running.model_copy(update={"unmeasured": NOT_ALLOWED})
    except (OutsideFailed, ValidationError):
        return running.model_copy(update={"unmeasured": NO_ANSWER})
    slots = [
        slot.model_copy(update={"instances": tuple(_measured(one, taken) for one in slot.instances)})
        for slot in running.slots
    ]
    return running.model_copy(update={"slots": tuple(slots)})


def _measured(one: Instance, taken: dict[str, Taken | None]) -> Instance:
    """A pod that is younger than the last look of the metrics API has no numbers yet."""
    found = taken.get(one.id)
    return one.model_copy(update={"cpu": found[0], "memory": found[1]}) if found else one
