"""Stories of what staging ran on its way to production: the artifact, and the way back."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.environment import Gates
from orchestrate.models.move import SetTraffic
from orchestrate.models.proven import Sameness
from orchestrate.models.runtime import Artifact
from orchestrate.reports.plan import plan_page
from tests.stories.places import WEB, quick, staging
from tests.stories.world import World, world
from tools.building import BUILD

PROMOTED = Gates(checks=("tests",), reviews=1, promoted_from="staging")


async def flowing(here: World) -> Deployment:
    """A version that staging verified, on its way to production."""
    here.forge.write("main", {"app.py": "two"}, "Version two")
    first = here.accept("staging", version="main", flow=("production",))
    assert (await here.go(first.id)).outcome is Outcome.DEPLOYED
    (second,) = here.store.deployments.latest(environment="production")
    return second


async def test_the_artifact_that_staging_ran_is_part_of_what_is_approved(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        second = await flowing(here)
        await here.go(second.id)
        (ran,) = [one for one in here.store.effects.of(second.request.parent or "") if one.name == BUILD]

        plan = here.store.plans.of(second.id)

        (shipped,) = plan.ships
        assert shipped.proven is not None
        assert shipped.proven.digest == Artifact.model_validate_json(ran.receipt or "").digest
        assert shipped.proven.sameness is Sameness.FILES
        (question,) = here.store.questions.for_deployment(second.id)
        assert question.plan_hash == plan.hash
        assert shipped.proven.digest in plan_page(plan)


async def test_staging_goes_back_and_forward_and_production_is_told(folder: Path) -> None:
    rehearsing = staging(folder, rehearse_rollback=True)
    async with world(folder, rehearsing, quick(folder, gates=PROMOTED)) as here:
        old = here.live()
        second = await flowing(here)
        await here.go(second.id)

        plan = here.store.plans.of(second.id)

        switches = [one.weights for one in here.providers["staging"].done if isinstance(one, SetTraffic)]
        assert switches == [{"green": 100}, {"blue": 100}, {"green": 100}]
        looked = [
            one.text for one in here.store.events.of(second.request.parent or "") if one.kind == "verified"
        ]
        assert len(looked) == 3
        (shipped,) = plan.ships
        assert shipped.proven is not None and shipped.proven.went_back_to == old
        assert f"the way back to {old.name} was rehearsed in staging" in plan_page(plan)
        gates = [
            one.text for one in here.store.events.of(second.id) if one.data.get("gate") == "rollback_ready"
        ]
        assert gates and gates[0].endswith("was rehearsed in staging")


async def test_a_way_back_that_does_not_work_never_leaves_staging(folder: Path) -> None:
    rehearsing = staging(folder, rehearse_rollback=True)
    async with world(folder, rehearsing, quick(folder, gates=PROMOTED)) as here:
        here.forge.write("main", {"app.py": "two"}, "Version two")
        staged = here.providers["staging"]

        def gone() -> None:
            staged.slots["web", "blue"] = staged.slots["web", "blue"].model_copy(update={"instances": ()})

        staged.at["web: traffic blue 100 %"] = gone
        first = here.accept("staging", version="main", flow=("production",))

        row = await here.go(first.id)

        assert row.outcome in (Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED)
        assert here.store.deployments.latest(environment="production") == ()


async def test_what_was_not_rehearsed_is_said_to_be_so(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        second = await flowing(here)
        await here.go(second.id)

        assert "the way back was not rehearsed in staging" in plan_page(here.store.plans.of(second.id))


async def test_another_artifact_of_the_same_version_is_refused_by_the_gate(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        second = await flowing(here)
        version = here.live("staging")
        here.provider.digests[version.tree] = "f" * 64
        await here.provider.build(WEB, version, here.forge.checkout, lambda _: None)

        row = await here.go(second.id)

        assert row.outcome is Outcome.BLOCKED
        assert f"staging ran {version.tree}, and here this version is {'f' * 64}" in row.reason


async def test_what_is_built_differently_after_the_approval_changes_nothing(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        second, before = await flowing(here), here.live()
        await here.go(second.id)
        await here.approve(second.id)
        here.provider.digests[here.live("staging").tree] = "f" * 64

        row = await here.go(second.id)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert "staging ran" in row.reason and "f" * 64 in row.reason
        assert here.live() == before and here.provider.done == []
