"""Driving deployments in the world in memory as a worker would: only when they are due."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome, Status
from orchestrate.models.environment import CanaryStep, Environment, Monitoring
from tests.stories.world import World, production, world

SHARES = (10, 25, 50, 75)


@dataclass(frozen=True)
class Shipped:
    """One finished deployment, and what it took."""

    id: str
    cpu: float  # seconds, from the claim to the end
    looks: int  # samples taken


def canary(folder: Path) -> Environment:
    """Production with four canary steps of two samples each, an approval, and a watch of four samples."""
    steps = tuple(CanaryStep(share=share, seconds=2) for share in SHARES)
    monitoring = Monitoring(period=4, sample=1, report=3, alerts=("errors",))
    return production(folder, canary=steps, monitoring=monitoring)


@asynccontextmanager
async def small_world(folder: Path) -> AsyncGenerator[World, None]:
    """The world with one canary environment."""
    folder.mkdir(parents=True, exist_ok=True)
    async with world(folder, canary(folder)) as here:
        yield here


async def asked(here: World, name: str) -> Deployment:
    """A deployment that waits for its approval."""
    change = await here.propose(name, {"app.py": name})
    task = await here.task(change)
    deployment = here.accept("production", task=task.id, change=change.id)
    return await here.runner.drive(deployment.id)


async def shipped(here: World, name: str) -> Shipped:
    """A deployment from the claim to its good end."""
    change = await here.propose(name, {"app.py": name})
    task = await here.task(change)
    before = time.process_time()
    row = here.accept("production", task=task.id, change=change.id)
    looks = 0
    while (row := await here.runner.drive(row.id)).status is not Status.FINISHED:
        if row.waits_for is not None and row.waits_for.kind == "approval":
            await here.approve(row.id)
        else:
            looks += await until_due(here, row.id)
    cpu = time.process_time() - before
    if row.outcome is not Outcome.DEPLOYED:
        raise RuntimeError(f"{row.id} ended {row.outcome}: {row.reason}")
    return Shipped(row.id, cpu, looks)


async def until_due(here: World, deployment: str) -> int:
    """Let time pass, and take the samples that are due; how often."""
    looks = 0
    while deployment not in here.store.deployments.due(here.clock.now):
        here.clock.now += 1
        await here.watching.look()
        looks += 1
    return looks
