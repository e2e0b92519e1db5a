"""What a worker that was killed leaves on a real engine: the next one ends the move as if it was alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from orchestrate.models.change import Version
from tests.tools.providers.docker.conftest import Yard
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted

pytestmark = [pytest.mark.docker, pytest.mark.slow]


async def noted(yard: Yard, made: Version) -> None:
    """It was written down, and no container was made."""
    Slots(Layout(yard.root)).write("web", "blue", Wanted(version=made, wanted=2))


async def begun(yard: Yard, made: Version) -> None:
    """One container runs, and the other one was not made."""
    await yard.start(made)
    await noted(yard, made)


async def halted(yard: Yard, made: Version) -> None:
    """Both were made, and one of them does not run."""
    await yard.start(made, instances=2)
    yard.engine.ask("POST", f"/containers/{yard.keys()[0]}/stop", params={"t": "0"})


@pytest.mark.parametrize("left", [noted, begun, halted])
async def test_a_start_that_was_left_half_done_ends_with_what_was_asked_and_no_more(
    yard: Yard, left: Callable[[Yard, Version], Awaitable[None]]
) -> None:
    made = await yard.build()
    await left(yard, made)

    await yard.start(made, instances=2)

    found = await yard.instances()
    assert ([one.id for one in found], len(yard.keys())) == (["blue-1", "blue-2"], 2)
    assert all(one.healthy for one in found)


@pytest.mark.parametrize("gone", [1, 2])
async def test_a_stop_that_was_left_half_done_leaves_nothing_of_the_slot_and_the_traffic_to_the_other(
    yard: Yard, gone: int
) -> None:
    made, other = await yard.build(), await yard.build("v2")
    await yard.start(other, slot="green")
    green = yard.keys()
    await yard.start(made, instances=2)
    await yard.share({"green": 100})
    for key in sorted({*yard.keys()} - {*green})[:gone]:
        yard.engine.ask("DELETE", f"/containers/{key}", params={"force": "true"})

    await yard.stop(made)

    running = await yard.running()
    assert (yard.keys(), [one.name for one in running.slots]) == (green, ["green"])
    assert running.weights == {"green": 100}


async def test_shares_that_were_given_already_are_given_as_once(yard: Yard) -> None:
    await yard.start(await yard.build())
    await yard.start(await yard.build("v2"), slot="green")
    await yard.share({"blue": 50, "green": 50})

    await yard.share({"blue": 50, "green": 50})

    assert (await yard.running()).weights == {"blue": 50, "green": 50}
