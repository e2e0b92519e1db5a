"""Intake: turn tasks and commands into accepted deployments; the row is the claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphs.state import GRAPH_VERSION
from orchestrate.errors import OrchestrateError, Refused, TaskClaimed
from orchestrate.models.deployment import Deployment, Outcome, Request
from orchestrate.models.environment import Environment, Strategy
from orchestrate.models.task import DEPLOYED_AT, Queue, Task
from orchestrate.outside import line
from orchestrate.store import Store
from tools.tasks import Tasks

MOST_EVENTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Accepts work; what is accepted is never lost and never accepted twice."""

    store: Store
    tasks: Tasks
    environment: Callable[[str], Environment]
    flow: Sequence[str]
    stages: Sequence[str] = DEPLOYED_AT

    def accept(self, request: Request) -> Deployment:
        """A new deployment. Raises UnknownEnvironment, TaskClaimed."""
        environment = self.environment(request.environment)
        named = request.model_copy(update={"environment": environment.name})
        return self.store.deployments.accept(named, environment.service, GRAPH_VERSION)

    async def claim(self, worker: str) -> tuple[Deployment, ...]:
        """Accept what is ready in the deploy queue; what another worker has is left to it.

        Nothing while effects are stopped: it could not even be acknowledged. Nor a task of which the tracker
        was not told everything yet: there it may still look ready after it was deployed.
        """
        accepted: list[Deployment] = []
        if self.store.switch.stopped() is not None:
            return ()
        before = self.store.outbox.owing()
        ready = await self.tasks.ready(Queue.DEPLOY)
        self.store.outbox.hurry()  # the tracker answers again
        owing = before | self.store.outbox.owing()
        for task in (one for one in ready if one.id not in owing):
            try:
                self._check_stage(task)
                accepted.append(self.accept(self.request_of(task, f"worker {worker}")))
            except TaskClaimed:
                continue
            except OrchestrateError as problem:
                self._keep(f"task {task.id}: {problem}")
        return tuple(accepted)

    def _check_stage(self, task: Task) -> None:
        """Whoever says at which stage a task is decides when it is taken, however ready it looks.

        Raises Refused. What a person asks for by name is not kept back by it.
        """
        said = task.metadata.stage
        if said is not None and _stage(said) not in {_stage(one) for one in self.stages}:
            when = f"it is deployed at {' or '.join(self.stages)}"
            raise Refused(f"its stage is {line(said, 80)!r}; {when}", cure="see tracker: stages")

    def _keep(self, problem: str) -> None:
        """Remember once why a task cannot be accepted; it is looked at again in every round."""
        if all(one.text != problem for one in self.store.events.of("", limit=MOST_EVENTS)):
            self.store.events.add("", None, "not_accepted", problem)

    def request_of(self, task: Task, by: str) -> Request:
        """The task's way through the environments, from the first that it has not passed yet.

        Raises UnknownEnvironment, and Refused for a strategy that there is not.
        """
        way = self._way(task)
        passed = {
            one.environment
            for one in self.store.deployments.latest(task=task.id, limit=100)
            if one.outcome is Outcome.DEPLOYED
        }
        left = [name for name in way if name not in passed] or way[-1:]
        return Request(
            environment=left[0],
            flow=tuple(left[1:]),
            task=task.id,
            change=task.change,
            version=task.metadata.version,
            strategy=_strategy(task),
            requested_by=by,
        )

    def _way(self, task: Task) -> list[str]:
        target = task.metadata.deployment_target
        way = [self.environment(name).name for name in self.flow]
        if target is None:
            return way
        name = self.environment(target).name
        return way[: way.index(name) + 1] if name in way else [name]


def _stage(word: str) -> str:
    """However it is written: 6, "Stage 6" and stage-6 are the same."""
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-").removeprefix("stage-")


def _strategy(task: Task) -> Strategy | None:
    asked = task.metadata.strategy
    if asked is not None and asked not in tuple(Strategy):
        raise Refused(f"there is no strategy {asked!r}", cure=f"use one of {', '.join(Strategy)}")
    return Strategy(asked) if asked else None
