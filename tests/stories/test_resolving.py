"""Stories of a conflict that somebody proposes to resolve: people review it, and nothing else changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from agents.model import Model, NoModel, ScriptedModel
from agents.role import Role
from orchestrate.errors import ModelFailed
from orchestrate.models.change import Change, ChangeState
from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.task import Queue, Task
from tests.stories.places import production
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled

Answer = BaseModel | Mapping[str, object] | str | ModelFailed


@asynccontextmanager
async def asking(folder: Path, model: Model) -> AsyncGenerator[World, None]:
    environments = {"production": production(folder)}
    around = outside(("production",), Clock())
    around.model = model
    await around.begin(environments)
    async with assembled(folder, around, environments) as here:
        yield here


async def conflicting(here: World) -> tuple[Deployment, Task, Change]:
    """A change of app.py, which main changed meanwhile; driven to its end."""
    change = await here.propose("faster", {"app.py": "mine\n", "new.py": "new"})
    here.forge.write("main", {"app.py": "theirs\n"}, "Meanwhile")
    task = await here.task(change)
    row = await here.go(here.accept("production", task=task.id, change=change.id).id)
    return row, task, change


def answer(path: str = "app.py", text: str = "both\n") -> dict[str, object]:
    return {"summary": "Keeps both, @here", "texts": [{"path": path, "text": text}]}


def proposals(here: World) -> Sequence[str]:
    return [one.id for one in here.records.all() if one.marker.startswith("resolve/")]


async def test_a_proposal_waits_for_review_on_a_branch_of_its_own(folder: Path) -> None:
    model = ScriptedModel([answer()])
    async with asking(folder, model) as here:
        row, task, change = await conflicting(here)
        base = here.forge.branches["main"]

        (made,) = [await here.forge.change(id) for id in proposals(here)]

        assert (row.outcome, made.state, made.reviews) == (Outcome.CONFLICT, ChangeState.OPEN, ())
        assert [role for role, _ in model.asked] == [Role.CONFLICT_RESOLVER]
        assert await here.forge.contains(made.head, change.head)
        assert here.forge.branches["main"] == base
        assert (await here.tracker.task(task.id)).queue is Queue.CONFLICT_RESOLUTION
        (said,) = await here.said(task.id, "as a model proposes")
        assert f"Change `{made.id}`" in said and "@here" not in said and "Keeps both" in said
        assert here.forge.merges == [] and here.provider.done == []


async def test_a_proposal_is_a_change_like_every_other(folder: Path) -> None:
    async with asking(folder, ScriptedModel([answer()])) as here:
        await conflicting(here)
        (made,) = proposals(here)

        row = await here.go(here.accept("production", change=made).id)

        assert row.outcome is Outcome.BLOCKED
        assert "ci_checks:" in row.reason and "0 of 1 approvals" in row.reason


async def test_without_a_model_a_person_has_it_as_before(folder: Path) -> None:
    async with asking(folder, NoModel()) as here:
        row, task, _ = await conflicting(here)

        assert (row.outcome, proposals(here)) == (Outcome.CONFLICT, [])
        assert (await here.tracker.task(task.id)).queue is Queue.CONFLICT_RESOLUTION
        assert await here.said(task.id, "resol") == []


HOSTILE: Mapping[str, Answer] = {
    "../../app.py": answer("../../app.py"),
    "new.py": answer("new.py"),
    ".github/workflows/ci.yml": answer(".github/workflows/ci.yml"),
    "conflict marks": answer(text="<<<<<<< base\nx\n"),
    "longer": answer(text="x" * 90_000),
    "unresolved": {"summary": "I cannot tell", "texts": []},
    "no Resolution": answer(text="x" * 110_000),
    "it is down": ModelFailed("it is down"),
}


@pytest.mark.parametrize("why", HOSTILE)
async def test_what_may_not_be_taken_is_said_and_changes_nothing(folder: Path, why: str) -> None:
    async with asking(folder, ScriptedModel([HOSTILE[why]])) as here:
        row, task, _ = await conflicting(here)

        assert (row.outcome, proposals(here)) == (Outcome.CONFLICT, [])
        assert set(here.forge.branches) == {"main", "faster"}
        (said,) = await here.said(task.id, "No resolution of the conflict is proposed")
        assert why in said.replace("\\", "") and len(said) < 1000
        assert (await here.tracker.task(task.id)).queue is Queue.CONFLICT_RESOLUTION
