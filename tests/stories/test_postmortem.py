"""Stories of what is written about a deployment that was taken back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrate import reports
from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.postmortem import PostMortem
from orchestrate.postmortems import postmortem
from tests.stories.places import production
from tests.stories.twins import Clock
from tests.stories.world import World, world


@asynccontextmanager
async def regressed(folder: Path) -> AsyncGenerator[tuple[World, Deployment]]:
    """A canary whose new version fails with half of its requests."""
    async with world(folder, production(folder, prepare_revert=True), clock=Clock()) as here:
        here.metrics.failing["green"] = 0.5
        here.provider.lines["green"] = ["Traceback (most recent call last):", "KeyError: price"]
        row, _, _ = await here.approved()
        yield here, await here.go(row.id)


def about(here: World, row: Deployment) -> PostMortem:
    found = postmortem(here.store, row)
    assert found is not None
    return found


async def test_a_draft_is_written_beside_the_report(folder: Path) -> None:
    async with regressed(folder) as (here, row):
        page = (here.runner.records.folder / f"{row.id}.postmortem.md").read_text()

        assert row.outcome is Outcome.ROLLED_BACK
        for title in ("Timeline (UTC)", "Cause", "Evidence", "What happened to customers", "Follow-ups"):
            assert f"### {title}\n- " in page
        assert "To be written by people" in page


async def test_it_tells_what_customers_had_and_for_how_long(folder: Path) -> None:
    async with regressed(folder) as (here, row):
        found = about(here, row)

        (exposed,) = found.exposures
        assert (exposed.component, exposed.share) == ("web", 10)
        assert exposed.until is not None and 0 < exposed.seconds < 60
        assert 0 < found.errors < found.requests
        assert any("failed against" in one.sentence for one in found.proofs) and found.proofs[0].numbers
        _, text = reports.postmortem(found)
        assert "`web`: 10 % of the traffic for" in text and f"failed {found.errors:,} of them" in text


async def test_it_names_the_cause_and_what_follows(folder: Path) -> None:
    async with regressed(folder) as (here, row):
        found = about(here, row)

        assert [one.task for one in found.causes] == [
            one.data["task"] for one in here.store.events.of(row.id, limit=1000) if one.kind == "cause"
        ]
        said = " ".join(found.follow_ups)
        assert "to be fixed in" in said and "takes" in said and "is locked against" in said
        kinds = [one.kind for one in found.timeline]
        assert kinds.index("failed") < kinds.index("undone") < kinds.index("rollback_verified")
        assert [one.at for one in found.timeline] == sorted(one.at for one in found.timeline)


async def test_the_thread_says_how_to_read_it(folder: Path) -> None:
    async with regressed(folder) as (here, row):
        assert row.request.task is not None
        (said,) = await here.said(row.request.task, f"orchestrate deploy postmortem {row.id}")

        assert said.startswith("@mira: **Rolled back")
        assert f"orchestrate deploy postmortem {row.id}" in (await here.announced())[-1].description


async def test_what_people_made_of_the_draft_stays(folder: Path) -> None:
    async with regressed(folder) as (here, row):
        file = here.runner.records.folder / f"{row.id}.postmortem.md"
        file.write_text("finished by people")

        here.runner.records.write(row, Outcome.ROLLED_BACK, "errors")

        assert file.read_text() == "finished by people"


async def test_nothing_is_written_about_what_went_well(folder: Path) -> None:
    async with world(folder) as here:
        row, _, _ = await here.approved()
        row = await here.go(row.id)

        assert row.outcome is Outcome.DEPLOYED
        assert [*here.runner.records.folder.glob("*.postmortem.md")] == []
