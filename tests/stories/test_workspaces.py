"""Stories of the folder in which a change was made: removed with the last deployment, and never too early."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.effect import EffectState
from tests.stories.places import quick
from tests.stories.world import World, world
from tools.marker import MARKER
from tools.workspace import create


async def deployed(here: World, workspace: Path | str, branch: str = "faster") -> Deployment:
    """A good change that was made in `workspace`, deployed to its end."""
    change = await here.propose(branch, {f"{branch}.py": "new"})
    task = await here.task(change, workspace=str(workspace))
    accepted = here.accept("production", task=task.id, change=change.id)
    await here.go(accepted.id)
    await here.approve(accepted.id)
    return await here.go(accepted.id)


def told(here: World, row: Deployment, kind: str) -> list[str]:
    return [one.text for one in here.store.events.of(row.id) if one.kind == kind]


async def test_the_workspace_of_what_was_deployed_is_destroyed_through_the_door(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        place = create(here.crew.workspaces)

        row = await deployed(here, place)

        (effect,) = [one for one in here.store.effects.of(row.id) if "destroy workspace" in one.key]
        assert (effect.state, row.outcome) == (EffectState.DONE, Outcome.DEPLOYED)
        assert "destroyed, 2 entries removed" in told(here, row, "workspace")[0]
        assert not place.exists()


async def test_a_folder_that_is_no_workspace_of_ours_is_left_and_told(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        precious = folder / "precious"
        precious.mkdir()

        row = await deployed(here, precious)

        assert row.outcome is Outcome.DEPLOYED and precious.is_dir()
        assert ["will be left" in text for text in told(here, row, "workspace_kept")] == [True, False]
        assert "was not removed" in str([one.title for one in await here.announced()])


async def test_a_workspace_that_a_deployment_under_way_has_is_left_to_it(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        place = create(here.crew.workspaces)
        first = await here.propose("first", {"first.py": "new"})
        task = await here.task(first, workspace=str(place))
        waiting = here.accept("production", task=task.id, change=first.id)
        await here.go(waiting.id)

        second = await deployed(here, place, "second")

        assert f"belongs to deployment {waiting.id}" in told(here, second, "workspace_kept")[-1]
        assert (place / MARKER).exists()
