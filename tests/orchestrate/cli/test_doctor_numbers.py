"""The doctor says of what runs whether it could be watched."""

from __future__ import annotations

from pathlib import Path

from orchestrate.cli.doctor.numbers import blind
from orchestrate.models.sample import SampleState
from tests.stories.places import quick
from tests.stories.world import world


async def test_what_runs_without_numbers_is_named_and_what_does_not_run_is_not(tmp_path: Path) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        place = here.crew.places("production")
        running = await place.provider.running(place.environment.components[0])
        assert await blind(place, [running]) == []

        here.metrics.state = SampleState.SOURCE_DOWN

        assert await blind(place, [running]) == ["web: nobody gives its numbers"]
        assert await blind(place, [running.model_copy(update={"slots": ()})]) == []
        assert await blind(place, [None]) == []
