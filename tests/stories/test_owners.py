"""Stories of who is called when a deployment does not go well."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import StartFailed, Unreachable
from orchestrate.models.deployment import DecisionKind, Outcome
from orchestrate.models.environment import Gates
from tests.stories.places import quick
from tests.stories.world import World, world


def fail() -> None:
    raise StartFailed("web: exit 1")


def stuck() -> None:
    raise Unreachable("the router hangs")


async def fixes(here: World, task: str) -> list[str]:
    """The descriptions of the fix tasks."""
    return [one.description for one in await here.tracker.tasks() if one.discovered_from == task]


async def test_a_release_that_does_badly_calls_the_owner_of_that_kind_of_failure(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        here.metrics.failing["green"] = 0.3

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert (await here.said(task.id, "Rolled back"))[-1].startswith("@mira: **Rolled back")
        assert ["- owner: @mira" in text for text in await fixes(here, task.id)] == [True]
        kept = (folder / "reports" / f"{row.id}.md").read_text()
        assert "@mira: **Rolled back" in kept
        assert any("@mira: **Rolled back" in one.description for one in await here.announced())


async def test_another_kind_of_failure_calls_the_default_owner(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        here.provider.at[f"web: start 2 × {change.head[:8]} in green"] = fail

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert (await here.said(task.id, "Rolled back"))[-1].startswith("@ada: ")


async def test_what_is_blocked_calls_the_owner_too(folder: Path) -> None:
    async with world(folder, quick(folder, gates=Gates(reviews=2))) as here:
        change = await here.propose("lonely", {"app.py": "two"})
        task = await here.task(change)

        row = await here.go(here.accept("production", task=task.id, change=change.id).id)

        assert row.outcome is Outcome.BLOCKED
        assert (await here.said(task.id, "Nothing was deployed"))[0].startswith("@ada: ")


async def test_a_rollback_that_fails_calls_its_own_owner(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        here.metrics.failing["green"] = 0.3
        here.provider.at["web: traffic blue 100 %"] = stuck

        row = await here.go(deployment.id, most=2000)

        assert row.outcome is Outcome.ROLLBACK_FAILED
        assert (await here.said(task.id, "ROLLBACK FAILED"))[-1].startswith("@rob: ")
        assert sorted(text.partition("- owner: ")[2][:5] for text in await fixes(here, task.id)) == [
            "@mira",
            "@rob\n",
        ]


async def test_a_persons_no_calls_nobody(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()

        await here.approve(deployment.id, DecisionKind.HOLD)
        await here.go(deployment.id)

        assert (await here.said(task.id, "On hold"))[-1].startswith("**On hold")
