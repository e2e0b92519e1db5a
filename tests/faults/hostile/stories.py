"""Stories of every ending, each played once with every cast, and what is left of them to look at."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.role import Role
from orchestrate.models.change import CheckState
from orchestrate.models.deployment import DecisionKind, Outcome
from orchestrate.models.smoke import HttpSmoke
from tests.faults.hostile.entrances import REWRITTEN
from tests.faults.hostile.model import attack, harmless
from tests.faults.hostile.spy import Words
from tests.faults.hostile.stage import Stage, effects, stage, texts, titles

Story = Callable[[Stage], Awaitable[str]]
"""Plays it to its end, and names the deployment."""


async def good(on: Stage) -> str:
    row, _, _ = await on.approved()
    return (await on.here.go(row.id)).id


async def regressed(on: Stage) -> str:
    said = " ".join(on.words("a stack trace").splitlines()[-1:])
    trace = ["Traceback (most recent call last):", '  File "shop.py", line 3, in pay', f"KeyError: {said}"]
    on.here.metrics.failing["green"] = 0.5
    on.here.provider.lines["green"] = trace
    row, _, _ = await on.approved()
    return (await on.here.go(row.id)).id


async def migrating(on: Stage) -> str:
    said = "".join(f"-- {line}\n" for line in on.words("a migration").replace("{{", "").splitlines())
    text = f"{said}ALTER TABLE products ADD COLUMN title TEXT;\n"
    row, _, _ = await on.ready(more={"migrations/0001_title.sql": text})
    row = await on.here.go(row.id)
    await on.here.approve(row.id)
    return (await on.here.go(row.id)).id


async def sick(on: Stage) -> str:
    moved = HttpSmoke(name="moved", path="/moved")
    status = HttpSmoke(name="status", path="/", json_path="status", equals="ok")
    on.asking.checks.extend((moved, status))
    row, _, _ = await on.approved()
    return (await on.here.go(row.id)).id


async def unbuildable(on: Stage) -> str:
    row, _, change = await on.approved()
    on.here.provider.build_failures[change.head[:8]] = on.words("what a failing build says")
    return (await on.here.go(row.id)).id


async def red(on: Stage) -> str:
    row, _, _ = await on.approved()
    on.runs.state = CheckState.FAILED
    return (await on.here.go(row.id)).id


async def refused(on: Stage) -> str:
    row, _, _ = await on.approved()
    on.here.forge.refusal = on.words("what a forge says")
    return (await on.here.go(row.id)).id


async def unanswered(on: Stage) -> str:
    row, _, _ = await on.asked()
    on.here.clock.now += 200_000
    await on.here.answers.read()
    return (await on.here.go(row.id)).id


async def held(on: Stage) -> str:
    row, _, _ = await on.asked()
    await on.here.approve(row.id, DecisionKind.HOLD)
    return (await on.here.go(row.id)).id


async def conflicting(on: Stage) -> str:
    row, _, _ = await on.ready()
    on.here.forge.write("main", {"faster.py": "another"}, on.words("Commit.subject"))
    return (await on.here.go(row.id)).id


async def unsigned(on: Stage) -> str:
    row, _, change = await on.ready()
    del on.here.signatures.keys[change.head]
    return (await on.here.go(row.id)).id


STORIES: Mapping[Story, Outcome] = {
    good: Outcome.DEPLOYED,
    migrating: Outcome.DEPLOYED,
    regressed: Outcome.ROLLED_BACK,
    sick: Outcome.ROLLBACK_FAILED,  # the version before is asked too, and answers alike
    unbuildable: Outcome.FAILED_BEFORE_CHANGE,
    red: Outcome.FAILED_BEFORE_CHANGE,
    refused: Outcome.MERGE_REFUSED,
    unanswered: Outcome.EXPIRED,
    held: Outcome.HELD,
    conflicting: Outcome.CONFLICT,
    unsigned: Outcome.BLOCKED,
}


@dataclass(frozen=True)
class Played:
    """What a story left behind."""

    effects: Mapping[str, object]
    seen: frozenset[str]  # entrances by which hostile words came in
    prompts: tuple[tuple[Role, str], ...]
    heard: tuple[str, ...]  # answers of the model that were taken
    refused: tuple[str, ...]
    called: frozenset[str]  # tools that the model called, by whatever name
    shown: tuple[tuple[Role, str], ...]  # what it was shown
    texts: Mapping[str, str]  # what we wrote for people
    titles: tuple[str, ...]
    merges: tuple[str, ...]  # what is said of each in the history


@cache
def played(story: Story, words: Words, rewritten: frozenset[str] = REWRITTEN) -> Played:
    """The story, played with these words of others."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        return asyncio.run(_played(story, words, rewritten, Path(folder)))


async def _played(story: Story, words: Words, rewritten: frozenset[str], folder: Path) -> Played:
    async with stage(folder / "stage", words, rewritten) as on:
        deployment = await story(on)
        return Played(
            effects=effects(on.here, deployment),
            seen=frozenset(on.spy.seen),
            prompts=tuple(on.model.asked),
            heard=tuple(on.model.heard),
            refused=tuple(on.model.refused),
            called=frozenset(on.model.called),
            shown=tuple(on.model.shown),
            texts=await texts(on.tracker, on.here.records),
            titles=await titles(on.tracker),
            merges=tuple(one.message for one in on.here.forge.merges),
        )


def everything() -> tuple[Played, ...]:
    """Every story with hostile words everywhere."""
    return tuple(played(story, attack) for story in STORIES)


def twin(story: Story) -> Played:
    """The same story without them."""
    return played(story, harmless)
