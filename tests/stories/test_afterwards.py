"""Stories of what follows a deployment: words for people, and tests that are asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import BaseModel

from agents.model import Facts, Model, NoModel, parsed
from agents.role import Role
from orchestrate.errors import ModelFailed
from orchestrate.models.afterwards import Announce
from orchestrate.models.deployment import Outcome
from orchestrate.models.task import Queue
from tests.stories.places import quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled, world

T = TypeVar("T", bound=BaseModel)
WORDED = Announce(worded=True)


@dataclass
class Wordy:
    """A model that words announcements, and has nothing else to say."""

    said: str
    name: str = "wordy"
    asked: list[Role] = field(default_factory=list[Role])

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:  # noqa: ARG002 - the port's words
        self.asked.append(role)
        if role is not Role.ANNOUNCER or not self.said:
            raise ModelFailed("nothing to say")
        return parsed(self.said, answer)


@asynccontextmanager
async def with_model(folder: Path, model: Model, **words: object) -> AsyncGenerator[World, None]:
    environments = {"production": quick(folder, **words)}
    around = outside(("production",), Clock())
    around.model = model
    await around.begin(environments)
    async with assembled(folder, around, environments) as here:
        yield here


async def result(here: World) -> str:
    row, _, _ = await here.approved()
    await here.go(row.id)
    return (await here.announced())[-1].description


async def test_a_models_words_stand_before_the_report_that_stays_whole(folder: Path) -> None:
    (folder / "plain").mkdir()
    async with world(folder / "plain", quick(folder / "plain")) as plain:
        wanted = await result(plain)
    model = Wordy('{"title": "x", "text": "The shop is live in production."}')
    async with with_model(folder, model, announce=WORDED) as here:
        found = await result(here)

    first, rest = found.split("\n\n", 1)
    assert first.startswith("The shop is live in production.") and "a model's words" in first
    assert len(rest.splitlines()) == len(wanted.splitlines())
    assert rest.startswith("**Deployed `shop`")


@pytest.mark.parametrize(
    "model",
    [
        NoModel(),
        Wordy(""),
        Wordy('{"title": "x", "text": "Call @everyone: 99 % faster"}'),
        Wordy("nonsense"),
    ],
)
async def test_without_good_words_the_reports_own_are_announced(folder: Path, model: Model) -> None:
    async with with_model(folder, model, announce=WORDED) as here:
        assert (await result(here)).startswith("**Deployed `shop`")


async def test_nobody_is_asked_for_words_that_are_not_wanted(folder: Path) -> None:
    model = Wordy('{"title": "x", "text": "The shop is live in production."}')
    async with with_model(folder, model) as here:
        await result(here)

        assert Role.ANNOUNCER not in model.asked


async def test_end_to_end_tests_are_asked_for_once_where_they_are_wanted(folder: Path) -> None:
    async with world(folder, quick(folder, e2e_tests=True)) as here:
        row, task, change = await here.approved()
        row = await here.go(row.id)

        (asked,) = [one for one in await here.tracker.tasks() if one.queue is Queue.E2E_TEST]

        assert row.outcome is Outcome.DEPLOYED
        assert (asked.discovered_from, asked.status) == (task.id, "Open")
        assert change.head in asked.description or here.live().commit in asked.description
        assert await here.tracker.ready(Queue.E2E_TEST) == (asked,)


async def test_nobody_tests_what_was_taken_back_or_where_nobody_wants_it(folder: Path) -> None:
    async with world(folder, quick(folder, e2e_tests=True)) as here:
        here.metrics.failing["green"] = 0.5
        row, _, _ = await here.approved()
        row = await here.go(row.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert await here.tracker.ready(Queue.E2E_TEST) == ()
    (folder / "plain").mkdir()
    async with world(folder / "plain", quick(folder / "plain")) as here:
        row, _, _ = await here.approved()
        await here.go(row.id)

        assert await here.tracker.ready(Queue.E2E_TEST) == ()
