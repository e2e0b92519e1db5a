"""Stories of signatures: what nobody vouches for stays out, and who vouches is what a person approves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.models.change import Change
from orchestrate.models.deployment import Deployment, Kind, Outcome, Status
from orchestrate.models.environment import ArtifactRules
from orchestrate.models.move import Start, words
from orchestrate.models.plan import Plan
from orchestrate.models.signature import SignatureState
from orchestrate.models.task import Task
from tests.stories.places import quick
from tests.stories.world import World, world

MIRA, EVE = "ssh-ed25519 MIRA", "ssh-ed25519 EVE"


class Scene:
    """A world whose production demands a signature, and the list of who is allowed."""

    def __init__(self, here: World, signers: Path) -> None:
        self.here, self.signers = here, signers

    def allow(self, **keys: str) -> None:
        self.signers.write_text("".join(f"{name} {key}\n" for name, key in keys.items()))

    async def ready(self, key: str | None = MIRA) -> tuple[Deployment, Task, Change]:
        deployment, task, change = await self.here.ready()
        self.here.signatures.keys |= {change.head: key} if key else {}
        return deployment, task, change

    async def asked(self) -> tuple[Deployment, Task, Change]:
        deployment, task, change = await self.ready()
        return await self.here.go(deployment.id), task, change

    def plan(self, row: Deployment) -> Plan:
        now = self.here.store.deployments.deployment(row.id)
        assert now.plan_hash is not None
        return self.here.store.plans.plan(now.plan_hash)


@pytest.fixture
async def scene(folder: Path) -> AsyncGenerator[Scene]:
    signers = folder / "signers.allowed"
    async with world(folder, quick(folder, artifact=ArtifactRules(signed_by=signers))) as here:
        made = Scene(here, signers)
        made.allow(mira=MIRA)
        yield made


@pytest.mark.parametrize(
    ("key", "said"), [(None, "is not signed"), (EVE, "which no allowed signer has")], ids=["unsigned", "eve"]
)
async def test_what_no_allowed_signer_signed_is_blocked_and_says_why(
    scene: Scene, key: str | None, said: str
) -> None:
    deployment, task, _ = await scene.ready(key)

    row = await scene.here.go(deployment.id)

    assert row.outcome is Outcome.BLOCKED and said in row.reason
    assert len(await scene.here.said(task.id, said)) == 1
    assert scene.here.forge.merges == [] and scene.here.provider.done == []


async def test_who_signed_is_in_the_request_and_in_the_plan_that_is_approved(scene: Scene) -> None:
    row, task, change = await scene.asked()

    signature = scene.plan(row).signature
    (asked,) = await scene.here.said(task.id, "SHA-256 of this plan")
    assert signature is not None and signature.state is SignatureState.GOOD
    assert f"commit {change.head[:10]} is signed by mira with {signature.key}" in asked
    assert signature.signers in asked


async def test_what_was_signed_is_merged_and_deployed(scene: Scene) -> None:
    row, _, change = await scene.asked()
    await scene.here.approve(row.id)

    done = await scene.here.go(row.id)

    assert done.outcome is Outcome.DEPLOYED
    assert await scene.here.forge.contains(scene.here.forge.branches["main"], change.head)


async def test_a_signer_who_is_struck_off_after_the_approval_stops_it_before_the_merge(scene: Scene) -> None:
    row, _, _ = await scene.asked()
    await scene.here.approve(row.id)
    scene.allow(eve=EVE)

    done = await scene.here.go(row.id)

    assert done.outcome is Outcome.BLOCKED and "no allowed signer" in done.reason
    assert scene.here.forge.merges == []


async def test_one_who_is_struck_off_in_the_last_moment_stops_it_at_the_door(scene: Scene) -> None:
    row, _, _ = await scene.asked()
    await scene.here.approve(row.id)
    looks = iter((lambda: None, lambda: scene.allow(eve=EVE)))  # its turn, then the door
    scene.here.signatures.before = lambda: next(looks, lambda: None)()

    done = await scene.here.go(row.id)

    events = scene.here.store.events.of(row.id)
    assert any("the signature no longer holds" in one.text for one in events if one.kind == "moved")
    assert done.outcome is Outcome.BLOCKED and scene.here.forge.merges == []


async def test_another_list_of_signers_is_another_plan(scene: Scene) -> None:
    row, _, _ = await scene.asked()
    before = scene.plan(row)
    await scene.here.approve(row.id)
    scene.allow(mira=MIRA, eve=EVE)

    again = await scene.here.go(row.id)

    after = scene.plan(again)
    assert again.status is Status.WAITING and after.hash != before.hash
    assert after.model_copy(update={"signature": before.signature}) == before


@pytest.mark.parametrize(
    ("news", "outcome"),
    [({"mira": MIRA, "eve": EVE}, Outcome.DEPLOYED), ({"eve": EVE}, None)],
    ids=["one more", "struck off"],
)
async def test_half_way_only_the_signer_who_is_struck_off_stops_it(
    scene: Scene, news: dict[str, str], outcome: Outcome | None
) -> None:
    row, _, _ = await scene.asked()
    await scene.here.approve(row.id)
    start = next(words(step.move) for step in scene.plan(row).moves if isinstance(step.move, Start))
    scene.here.provider.at[start] = lambda: scene.allow(**news)

    done = await scene.here.go(row.id)

    assert done.outcome is outcome
    if outcome is None:
        assert scene.here.question(row.id).gate_kind.startswith("go_on/")
        assert scene.here.live().name != row.version


async def test_a_rollback_brings_back_what_ran_here_though_nobody_signed_it(scene: Scene) -> None:
    here = scene.here
    first = await here.forge.version("main")
    here.store.verified.record("production", "shop", first, "D0")
    row, _, _ = await scene.asked()
    await here.approve(row.id)
    await here.go(row.id)

    back = here.accept("production", kind=Kind.ROLLBACK, version=first.commit, requested_by="ada")

    assert (await here.go(back.id)).outcome is Outcome.DEPLOYED
    assert here.live().tree == first.tree


async def test_a_rollback_to_what_never_ran_here_needs_a_signature(scene: Scene) -> None:
    here = scene.here
    evil = here.forge.write("evil", {"evil.py": "evil"}, "Evil", since="main")

    back = here.accept("production", kind=Kind.ROLLBACK, version=evil, requested_by="ada")

    assert (await here.go(back.id)).outcome is Outcome.BLOCKED


async def test_what_was_merged_goes_back_to_no_gate_while_the_list_cannot_be_read(scene: Scene) -> None:
    here, (row, _, _) = scene.here, await scene.asked()
    await here.approve(row.id)
    away = scene.signers.with_suffix(".away")
    here.forge.before_merge = lambda: scene.signers.rename(away)
    until = here.clock.now + 300
    while here.clock.now < until:
        if here.is_due(row.id):
            await here.runner.drive(row.id)
        await here.wait(1)
    assert here.stages(row.id)[-1] == "build"
    assert here.store.locks.holder("production", "shop") == row.id

    away.rename(scene.signers)

    assert (await here.go(row.id)).outcome is Outcome.DEPLOYED
    assert len(here.forge.merges) == 1
