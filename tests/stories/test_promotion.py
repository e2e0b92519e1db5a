"""Stories of what staging ran on its way to production: the artifact, and the way back."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome, Status
from orchestrate.models.environment import Gates
from orchestrate.models.gate import GateName, Override
from orchestrate.models.move import SetTraffic
from orchestrate.models.proven import Sameness
from orchestrate.models.runtime import Artifact
from orchestrate.reports.plan import plan_page
from tests.stories.places import WEB, quick, staging
from tests.stories.world import World, world
from tools.building import BUILD

NOT_NOW = Override(gate=GateName.ROLLBACK_READY, by="ada", reason="staging is down")
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


def gate(here: World, deployment: str) -> str:
    """What `rollback_ready` said last."""
    said = [one.text for one in here.store.events.of(deployment) if one.data.get("gate") == "rollback_ready"]
    return said[-1]


async def test_staging_goes_back_and_forward_and_production_is_told(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        old = here.live()
        second = await flowing(here)
        await here.go(second.id)

        plan = here.store.plans.of(second.id)

        switches = [one.weights for one in here.providers["staging"].done if isinstance(one, SetTraffic)]
        assert switches == [{"green": 100}, {"blue": 100}, {"green": 100}]
        looked = [
            one.text for one in here.store.events.of(second.request.parent or "") if one.kind == "verified"
        ]
        assert [one.partition(":")[0] for one in looked] == ["web/green", "web/blue", "web/green"]
        (shipped,) = plan.ships
        assert shipped.rehearsal is not None and shipped.rehearsal.version == old
        assert f"the way back to {old.name} was rehearsed in staging" in plan_page(plan)
        assert gate(here, second.id).endswith("was rehearsed in staging")
        assert gate(here, second.request.parent or "").endswith("the way back is rehearsed at the end")


async def test_a_way_back_that_does_not_work_never_leaves_staging(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        here.forge.write("main", {"app.py": "two"}, "Version two")
        staged = here.providers["staging"]

        def gone() -> None:
            staged.slots["web", "blue"] = staged.slots["web", "blue"].model_copy(update={"instances": ()})

        staged.at["web: traffic blue 100 %"] = gone
        first = here.accept("staging", version="main", flow=("production",))

        row = await here.go(first.id)

        assert row.outcome in (Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED)
        assert here.store.deployments.latest(environment="production") == ()


async def test_where_it_is_turned_off_production_goes_on_and_is_told_so(folder: Path) -> None:
    silent = staging(folder, rehearse_rollback=False)
    async with world(folder, silent, quick(folder, gates=PROMOTED)) as here:
        second = await flowing(here)
        await here.go(second.id)

        said = "the way back is not rehearsed in staging: rehearse_rollback: false was chosen there"
        assert said in plan_page(here.store.plans.of(second.id))
        assert said in gate(here, second.id)
        assert "not rehearsed, as chosen here" in gate(here, second.request.parent or "")


async def test_what_staging_verified_without_going_back_is_not_ready_for_production(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        rehearsing = here.environments["staging"]
        here.environments["staging"] = rehearsing.model_copy(update={"rehearse_rollback": False})
        second = await flowing(here)
        here.environments["staging"] = rehearsing

        row = await here.go(second.id)

        assert row.outcome is Outcome.BLOCKED
        assert row.reason == "rollback_ready: web: the way back was not rehearsed in staging"
        asked = here.accept("production", version="main", overrides=(NOT_NOW,))
        assert (await here.go(asked.id)).status is Status.WAITING
        assert "overridden by ada: staging is down" in gate(here, asked.id)


async def test_deploying_it_again_after_the_version_before_makes_it_ready(folder: Path) -> None:
    async with world(folder, staging(folder, rehearse_rollback=False), quick(folder, gates=PROMOTED)) as here:
        old = here.live()
        second = await flowing(here)
        here.environments["staging"] = staging(folder, rehearse_rollback=True)
        assert (await here.go(second.id)).outcome is Outcome.BLOCKED
        new = here.live("staging").commit

        for version in (new, old.commit, new):
            again = here.accept("staging", version=version)
            assert (await here.go(again.id)).outcome is Outcome.DEPLOYED
        asked = here.accept("production", version=new)

        assert (await here.go(asked.id)).status is Status.WAITING
        assert f"the way back to {old.name} was rehearsed in staging" in gate(here, asked.id)


async def test_a_rehearsal_that_failed_later_stands_against_production(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        second = await flowing(here)
        new, staged = here.live("staging").commit, here.providers["staging"]
        back = here.accept("staging", version=here.live().commit)
        assert (await here.go(back.id)).outcome is Outcome.DEPLOYED

        def gone() -> None:
            slot = staged.live().name
            other = "blue" if slot == "green" else "green"
            for name in (slot, other):
                whole = staged.slots["web", name]
                staged.slots["web", name] = whole.model_copy(update={"instances": ()})

        staged.at["web: traffic blue 100 %"] = gone
        failed = here.accept("staging", version=new)
        assert (await here.go(failed.id)).outcome is not Outcome.DEPLOYED

        row = await here.go(second.id)

        assert row.outcome is Outcome.BLOCKED
        assert row.reason.startswith("rollback_ready: web: the way back did not work in staging")


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
