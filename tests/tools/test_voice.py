"""The voice: what cannot be said now is kept, and no release that is half-way waits for an ear."""

from __future__ import annotations

import asyncio

import pytest

from orchestrate.errors import AccessDenied, NotFound, OrchestrateError, RateLimited, Refused, Unreachable
from orchestrate.models.deployment import Lease, Stage
from orchestrate.models.letter import Letter
from orchestrate.models.task import Comment, NewTask, Priority, Queue
from orchestrate.store import Store
from tests.orchestrate.store.facts import driven
from tools import voice as voices
from tools.executor import EffectClass, Errand, Executor
from tools.tasks import MemoryTracker
from tools.voice import Manner, Voice


class Tracker(MemoryTracker):
    """A tracker that says no to comments, or thinks about them for ever."""

    problem: OrchestrateError | None = None
    thinks = False

    async def comment(self, task: str, text: str) -> Comment:
        if self.thinks:
            await asyncio.Event().wait()
        if self.problem is not None:
            raise self.problem
        return await super().comment(task, text)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def voice(any_store: Store, tracker: Tracker) -> Voice:
    return Voice(Executor(any_store, dict.fromkeys(EffectClass, ())), tracker, tracker)


async def at(voice: Voice, stage: Stage) -> Errand:
    """A new deployment of a new task, at this stage."""
    new = NewTask(title="", description="", queue=Queue.DEPLOY, status="", priority=Priority.P2, marker="")
    task = await voice.desk.create(new)
    lease: Lease = driven(voice.executor.store, task=task.id)
    return Errand(deployment=lease.deployment, stage=stage, lease=lease)


def owed(voice: Voice) -> list[str]:
    return [one.kind for one in voice.executor.store.outbox.owed()]


@pytest.mark.parametrize("problem", [Unreachable("503"), AccessDenied("403"), RateLimited("429")])
async def test_what_cannot_be_said_half_way_is_kept(
    voice: Voice, tracker: Tracker, problem: OrchestrateError
) -> None:
    here, tracker.problem = await at(voice, Stage.JUDGE), problem

    await voice.say(here, "T-1", "news", "It does well.")

    assert owed(voice) == ["comment"]


async def test_who_thinks_for_too_long_is_told_later(
    voice: Voice, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "HURRY", 0.05)
    here, tracker.thinks = await at(voice, Stage.JUDGE), True

    await voice.say(here, "T-1", "news", "It does well.")

    assert owed(voice) == ["comment"]


async def test_what_comes_after_something_that_is_owed_is_not_said_before_it(
    voice: Voice, tracker: Tracker
) -> None:
    here, tracker.problem = await at(voice, Stage.JUDGE), Unreachable("503")
    await voice.say(here, "T-1", "news", "It does well.")
    tracker.problem = None

    await voice.move(here, "T-1", "Deployed")

    assert owed(voice) == ["comment", "move_task"]
    assert (await tracker.task("T-1")).status == ""


async def test_what_is_for_later_is_not_even_tried(voice: Voice, tracker: Tracker) -> None:
    here = await at(voice, Stage.JUDGE)

    await voice.in_manner(Manner.LATER).say(here, "T-1", "news", "It does badly.")

    assert owed(voice) == ["comment"]
    assert await tracker.comments("T-1") == ()


async def test_before_anything_has_begun_who_wants_us_to_rest_is_waited_for(
    voice: Voice, tracker: Tracker
) -> None:
    here, tracker.problem = await at(voice, Stage.PICK_UP), RateLimited("429", retry_after=30)

    with pytest.raises(RateLimited):
        await voice.say(here, "T-1", "news", "It begins.")
    await voice.in_manner(Manner.PARTING).say(here, "T-1", "parked", "A person must look.")

    assert owed(voice) == ["comment"]


async def test_a_task_that_is_gone_stops_what_has_not_begun_and_nothing_else(voice: Voice) -> None:
    with pytest.raises(NotFound):
        await voice.move(await at(voice, Stage.PICK_UP), "T-9", "Deploying")

    here = await at(voice, Stage.CLOSE)
    await voice.move(here, "T-9", "Failed")

    story = voice.executor.store.events.of(here.deployment)
    assert (owed(voice), [one.kind for one in story]) == ([], ["not_told"])


async def test_whoever_tells_what_was_kept_hears_what_keeps_it(voice: Voice, tracker: Tracker) -> None:
    here, tracker.problem = await at(voice, Stage.JUDGE), Unreachable("503")

    with pytest.raises(Unreachable):
        await voice.in_manner(Manner.ITSELF).say(here, "T-1", "news", "It does well.")

    assert owed(voice) == []


async def test_each_kind_of_letter_is_told_as_it_was_meant(voice: Voice, tracker: Tracker) -> None:
    here, later = await at(voice, Stage.CLOSE), voice.in_manner(Manner.LATER)
    await later.say(here, "T-1", "result", "Failed.")
    await later.announce(here, "result", "Failed", "It failed.")
    await later.move(here, "T-1", "Blocked")
    await later.close(here, "T-1", "Failed", "It failed.")

    for letter in voice.executor.store.outbox.owed():
        await voice.repeat(here, letter)

    done = await tracker.task("T-1")
    assert (done.status, done.closed_reason) == ("Failed", "It failed.")
    assert [one.queue for one in await tracker.tasks()] == [Queue.ANNOUNCE]
    assert len(await tracker.comments("T-1")) == 1


async def test_a_letter_that_nobody_understands_is_refused(voice: Voice) -> None:
    here = await at(voice, Stage.CLOSE)
    letter = Letter(
        number=1, deployment=here.deployment, thread="T-1", stage=here.stage, plan_hash=None, kind="dance",
        key="dance", body="{}", at=0.0, tries=0, why="",
    )  # fmt: skip

    with pytest.raises(Refused, match="dance"):
        await voice.repeat(here, letter)
