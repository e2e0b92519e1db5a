"""The guards: each says no for its own reason, and a rollback is stopped by as few as possible."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrate.errors import EffectRefused, EffectsStopped, LeaseLost
from orchestrate.models.deployment import Decision, DecisionKind, Kind, Stage
from orchestrate.models.environment import ArtifactRules, Channel, Gates
from orchestrate.models.move import Drain, Irreversible, Move, SetTraffic
from orchestrate.models.plan import Plan
from orchestrate.models.windows import Freeze
from tests.stories.places import quick
from tests.stories.world import World, world
from tools.building import BuildOrder, building
from tools.desk import Said
from tools.executor import EffectClass, Errand
from tools.guards import Guards
from tools.moves import Mover, PlacedMove, moving

FREEZE = Freeze(start="2020-01-01", end="2099-01-01", reason="launch week")


class Scene:
    """An approved deployment that holds its environment, and the guards before it."""

    def __init__(self, here: World, at: Errand, plan: Plan) -> None:
        self.here, self.at, self.plan = here, at, plan

    @property
    def guards(self) -> Guards:
        crew = self.here.crew
        return Guards(
            self.here.store,
            lambda name: crew.places(name).environment,
            crew.settings_digest,
            crew.hearing,
            self.here.signatures,
        )

    async def check(self, effect: EffectClass, args: BaseModel) -> None:
        for guard in self.guards.by_class[effect]:
            await guard(self.at, args)

    @property
    def first(self) -> PlacedMove:
        return PlacedMove(index=0, move=self.plan.moves[0].move)

    @property
    def undo(self) -> PlacedMove:
        move = self.plan.moves[0].undo
        assert not isinstance(move, Irreversible)
        return PlacedMove(index=0, move=move)

    async def begin(self) -> None:
        """Make the first change, through the door."""
        tool = building(self.here.crew.places("production"), self.here.forge, lambda _: None)
        order = BuildOrder(component="web", version=self.plan.version)
        await self.here.crew.executor.do(tool, order, self.at)

    async def make(self, effect: EffectClass, placed: PlacedMove) -> None:
        """Make a move, through the door."""
        place = self.here.crew.places("production")
        mover = Mover(place=place, source=self.here.forge, say=lambda _: None, deployment=self.at.deployment)
        await self.here.crew.executor.do(moving(mover, effect), placed, self.at)

    async def refuses(self, why: str) -> None:
        with pytest.raises(EffectRefused, match=why):
            await self.check(EffectClass.CHANGE, self.first)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    gates = Gates(checks=("tests",), reviews=1, backup=False)  # so that the first move has an undo
    async with world(tmp_path, quick(tmp_path, gates=gates)) as here:
        row, _, _ = await here.approved()
        here.store.locks.take("production", "shop", row.id)
        lease = here.store.leases.take(row.id, "test", 600)
        assert lease is not None and row.plan_hash is not None
        at = Errand(deployment=row.id, stage=Stage.DEPLOY, lease=lease, plan_hash=row.plan_hash)
        yield Scene(here, at, here.store.plans.plan(row.plan_hash))


async def test_what_the_approved_plan_says_may_happen(scene: Scene) -> None:
    await scene.check(EffectClass.CHANGE, scene.first)


async def test_the_approval_is_used_by_the_first_change(scene: Scene) -> None:
    await scene.check(EffectClass.CHANGE, scene.first)

    (question,) = scene.here.store.questions.for_deployment(scene.at.deployment)
    assert question.consumed_at is not None


async def test_a_used_approval_does_not_expire_half_way(scene: Scene) -> None:
    await scene.check(EffectClass.CHANGE, scene.first)
    scene.here.store.leases.renew(scene.at.lease, 200_000)
    scene.here.clock.now += 100_000

    await scene.check(EffectClass.CHANGE, scene.first)


@pytest.mark.parametrize("index", [0, 1, 99])
async def test_a_move_that_the_plan_does_not_say_is_refused(scene: Scene, index: int) -> None:
    other: Move = Drain(component="web", slot="blue", seconds=1)

    with pytest.raises(EffectRefused, match="does not say this"):
        await scene.check(EffectClass.CHANGE, PlacedMove(index=index, move=other))


async def test_a_build_of_another_version_is_refused(scene: Scene) -> None:
    other = scene.plan.version.model_copy(update={"tree": "0" * 40})

    with pytest.raises(EffectRefused, match="does not say this"):
        await scene.guards.stands_in_the_plan(scene.at, BuildOrder(component="web", version=other))


async def test_a_lost_lease_stops_everything(scene: Scene) -> None:
    scene.here.clock.now += 700

    for effect, args in [(EffectClass.NOTE, scene.first), (EffectClass.CHANGE, scene.first)]:
        with pytest.raises(LeaseLost):
            await scene.check(effect, args)
    with pytest.raises(LeaseLost):
        await scene.check(EffectClass.UNDO, scene.undo)


async def test_settings_that_changed_are_refused(scene: Scene) -> None:
    scene.here.change_settings(move_timeout=5)

    await scene.refuses("settings changed")


async def test_a_plan_without_a_signature_is_refused_where_one_is_demanded(
    scene: Scene, tmp_path: Path
) -> None:
    scene.here.change_settings(artifact=ArtifactRules(signed_by=tmp_path / "signers.allowed"))

    with pytest.raises(EffectRefused, match="a signature is demanded, and the plan names none"):
        await scene.guards.signature_still_holds(scene.at, scene.first)


async def test_an_image_whose_key_is_no_longer_allowed_is_refused(scene: Scene, tmp_path: Path) -> None:
    scene.here.change_settings(artifact=ArtifactRules(image_signed_by=tmp_path / "cosign.pub"))

    with pytest.raises(EffectRefused, match="no allowed key signed the image of anything"):
        await scene.guards.image_keys_still_hold(scene.at, scene.first)


async def test_an_environment_that_somebody_else_holds_is_refused(scene: Scene) -> None:
    scene.here.store.locks.release(scene.at.deployment)

    await scene.refuses("held by nobody")


async def test_a_freeze_is_refused_even_after_the_approval(scene: Scene) -> None:
    scene.here.environments["production"] = quick(Path("/nowhere"), freezes=(FREEZE,))

    with pytest.raises(EffectRefused, match="launch week"):
        await scene.guards.nothing_is_frozen(scene.at, scene.first)


async def test_a_freeze_that_a_person_calls_stops_what_was_approved_and_what_passed_the_gate(
    scene: Scene,
) -> None:
    await scene.guards.nothing_is_frozen(scene.at, scene.first)
    scene.here.clock.now += 60
    store = scene.here.store
    store.freezes.call("production", "shop", "rob", "database moves", store.clock() + 60)

    with pytest.raises(EffectRefused, match="frozen by rob until .*: database moves"):
        await scene.guards.nothing_is_frozen(scene.at, scene.first)

    scene.here.clock.now += 61
    await scene.guards.nothing_is_frozen(scene.at, scene.first)


async def test_nobody_said_yes_to_this_plan(scene: Scene) -> None:
    (question,) = scene.here.store.questions.for_deployment(scene.at.deployment)
    scene.here.store.questions.close(question.id, "superseded by another")

    await scene.refuses("nobody approved this plan")


async def test_a_hold_that_came_in_time_is_obeyed(scene: Scene) -> None:
    (question,) = scene.here.store.questions.for_deployment(scene.at.deployment)
    no = Decision(
        gate=question.id,
        kind=DecisionKind.HOLD,
        by="rob",
        channel=Channel.CLI,
        plan_hash=question.plan_hash,
        at=scene.here.clock.now,
    )
    scene.here.store.questions.decide(question.id, no)

    await scene.refuses("rob said hold")


async def test_a_hold_on_the_thread_that_nobody_read_yet_is_obeyed(scene: Scene) -> None:
    (question,) = scene.here.store.questions.for_deployment(scene.at.deployment)
    await scene.here.tracker.say(question.task or "", "rob", "Hold")

    await scene.refuses("rob said hold")


async def test_one_approval_is_not_two_whatever_the_question_says(tmp_path: Path) -> None:
    async with world(tmp_path, quick(tmp_path, approvals=2)) as here:
        row, _, _ = await here.asked()
        with here.store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE questions SET needed = 1")
        await here.approve(row.id)
        here.store.locks.take("production", "shop", row.id)
        lease = here.store.leases.take(row.id, "test", 600)
        assert lease is not None and row.plan_hash is not None
        at = Errand(deployment=row.id, stage=Stage.DEPLOY, lease=lease, plan_hash=row.plan_hash)

        await Scene(here, at, here.store.plans.plan(row.plan_hash)).refuses("1 more persons must approve")


async def test_an_approval_that_ran_out_is_refused(scene: Scene) -> None:
    scene.here.store.leases.renew(scene.at.lease, 200_000)
    scene.here.clock.now += 100_000

    await scene.refuses("nobody approved this plan")


async def test_without_a_plan_nothing_changes(scene: Scene) -> None:
    scene.at = Errand(deployment=scene.at.deployment, stage=scene.at.stage, lease=scene.at.lease)

    await scene.refuses("there is no plan")


async def test_a_plan_that_was_tampered_with_is_refused(scene: Scene) -> None:
    with scene.here.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE plans SET text = replace(text, '\"instances\":2', '\"instances\":9')"
        )

    await scene.refuses("not the one that was approved")


async def test_an_undo_goes_through_freeze_settings_lock_and_expiry(scene: Scene) -> None:
    await scene.begin()
    scene.here.change_settings(freezes=(FREEZE,), move_timeout=5)
    scene.here.store.locks.release(scene.at.deployment)
    scene.here.store.leases.renew(scene.at.lease, 200_000)
    scene.here.clock.now += 100_000

    await scene.check(EffectClass.UNDO, scene.undo)


async def test_while_effects_are_stopped_no_change_and_no_note_begins(scene: Scene) -> None:
    scene.here.store.switch.stop("ada", "odd numbers")

    with pytest.raises(EffectsStopped, match="odd numbers"):
        await scene.check(EffectClass.CHANGE, scene.first)
    with pytest.raises(EffectsStopped, match="odd numbers"):
        await scene.check(EffectClass.NOTE, Said(task="T-1", key="begin", text="Deploying"))


@pytest.mark.parametrize("everything", [False, True])
async def test_an_undo_is_stopped_only_with_everything(scene: Scene, everything: bool) -> None:
    await scene.begin()
    scene.here.store.switch.stop("ada", "odd numbers", everything=everything)

    with pytest.raises(EffectsStopped) if everything else nullcontext():
        await scene.check(EffectClass.UNDO, scene.undo)


async def test_an_undo_that_the_plan_does_not_show_is_refused(scene: Scene) -> None:
    with pytest.raises(EffectRefused, match="another undo"):
        await scene.check(EffectClass.UNDO, scene.first)
    with pytest.raises(EffectRefused, match="no such undo"):
        await scene.check(EffectClass.UNDO, PlacedMove(index=99, move=scene.undo.move))


async def test_a_move_is_refused_before_those_that_come_first(scene: Scene) -> None:
    later = next(i for i, one in enumerate(scene.plan.moves) if isinstance(one.move, SetTraffic))

    with pytest.raises(EffectRefused, match=f"move 0 comes before move {later}"):
        await scene.check(EffectClass.CHANGE, PlacedMove(index=later, move=scene.plan.moves[later].move))


async def test_nothing_goes_on_once_something_was_taken_back(scene: Scene) -> None:
    await scene.begin()
    await scene.make(EffectClass.CHANGE, scene.first)
    await scene.make(EffectClass.UNDO, scene.undo)

    await scene.refuses("is being taken back")


async def test_before_the_first_change_there_is_nothing_to_undo(scene: Scene) -> None:
    with pytest.raises(EffectRefused, match="nothing was begun"):
        await scene.check(EffectClass.UNDO, scene.undo)


@pytest.mark.parametrize("effect", [EffectClass.CHANGE, EffectClass.UNDO])
async def test_the_plan_of_another_deployment_is_refused(scene: Scene, effect: EffectClass) -> None:
    await scene.begin()
    row = scene.here.accept("production", version="main", requested_by="rob")
    lease = scene.here.store.leases.take(row.id, "test", 600)
    assert lease is not None
    scene.at = Errand(deployment=row.id, stage=Stage.DEPLOY, lease=lease, plan_hash=scene.at.plan_hash)

    with pytest.raises(EffectRefused, match="that of deployment"):
        await scene.check(effect, scene.first)


async def test_a_change_is_refused_that_calls_itself_a_note(scene: Scene) -> None:
    with pytest.raises(EffectRefused, match="PlacedMove is no note"):
        await scene.check(EffectClass.NOTE, scene.first)


@pytest.mark.parametrize(("by", "is_asked"), [("ada", False), ("rob", True)])
async def test_a_rollback_by_an_allowed_person_needs_no_second_yes(
    scene: Scene, by: str, is_asked: bool
) -> None:
    here = scene.here
    row = here.accept("production", kind=Kind.ROLLBACK, version="main", requested_by=by)
    lease = here.store.leases.take(row.id, "test", 600)
    assert lease is not None
    at = Errand(deployment=row.id, stage=Stage.DEPLOY, lease=lease, plan_hash=scene.at.plan_hash)

    if is_asked:
        with pytest.raises(EffectRefused, match="nobody approved"):
            await scene.guards.plan_is_approved(at, scene.first)
    else:
        await scene.guards.plan_is_approved(at, scene.first)
