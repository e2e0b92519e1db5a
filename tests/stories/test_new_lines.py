"""Stories of log lines that the version before did not write: they are counted, or it is said why not."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Custom
from tests.stories.places import quick
from tests.stories.world import World, world

USUAL = ["10:00:01 took 5 ms", "10:00:02 took 7 ms"]
NEW = ["10:00:03 took 6 ms", "no rate for 'EUR'", "no rate for 'CHF'", "cache is cold"]


async def counted(here: World, blue: list[str], green: list[str]) -> list[tuple[str, str]]:
    """What the story of a deployment says about new lines, and the count in it."""
    here.provider.lines |= {"blue": blue, "green": green}
    deployment, _, _ = await here.approved()
    row = await here.go(deployment.id)
    assert row.outcome is Outcome.DEPLOYED
    told = here.store.events.of(row.id, limit=1000)
    return [(one.text, one.data["count"]) for one in told if one.kind == "new_lines"]


async def test_kinds_of_lines_that_the_version_before_did_not_write_are_counted(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        found = await counted(here, USUAL, NEW)

    kinds = "2 × no rate for <text>; 1 × cache is cold"
    assert found == [(f"web: 2 kinds of log lines that the version before did not write: {kinds}", "2")]


async def test_without_anything_new_there_are_none(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        ((said, count),) = await counted(here, USUAL, ["11:30:00 took 9 ms"])

    assert (said, count) == ("web: 0 kinds of log lines that the version before did not write", "0")


async def test_the_result_says_it(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        here.provider.lines |= {"blue": USUAL, "green": NEW}
        deployment, task, _ = await here.approved()
        await here.go(deployment.id)
        await here.told()

        assert await here.said(task.id, "2 kinds of log lines")


async def test_where_the_old_version_left_nothing_to_compare_with_nothing_is_counted(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        ((said, count),) = await counted(here, [], NEW)

    assert said == "web: new kinds of log lines are not counted: the version before left none to compare with"
    assert count == ""


async def test_a_log_that_cannot_be_read_is_not_taken_for_a_line_of_it(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        here.provider.locked["green"] = "the log is locked"
        ((said, count),) = await counted(here, USUAL, NEW)

    assert (said, count) == ("web: new kinds of log lines are not counted: the log is locked", "")


async def test_a_provider_that_shows_no_lines_is_named(folder: Path) -> None:
    words = Custom(start=("start",), stop=("stop",), status=("status",), traffic=("traffic",))
    part = Component(name="web", provider="custom", port=8080, custom=words)
    async with world(folder, quick(folder, components=(part,))) as here:
        ((said, _),) = await counted(here, USUAL, NEW)

    assert said == "web: new kinds of log lines are not counted: the provider custom shows none"
