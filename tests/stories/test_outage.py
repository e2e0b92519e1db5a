"""Stories of a tracker that is gone for an hour: no release waits for it, and it hears everything once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, StartFailed
from orchestrate.models.alert import Alert
from orchestrate.models.deployment import Deployment, Lease, Outcome, Stage, Status, Told
from orchestrate.models.task import NewTask, Priority, Queue
from tests.stories.durable import ending_of
from tests.stories.places import quick
from tests.stories.world import World, world
from tools import workspace

HOUR = 3600.0
TWINS: dict[str, list[str]] = {}
"""How it ends undisturbed, by the trouble."""
TROUBLES: dict[str, Callable[[World], object]] = {}


def trouble(doing: Callable[[World], object]) -> Callable[[World], object]:
    TROUBLES[doing.__name__] = doing
    return doing


@trouble
def good(here: World) -> None:
    """Nothing else goes wrong."""


@trouble
def bad(here: World) -> None:
    """The new version fails half of what it is asked, and has an alert to tell before."""
    here.change_settings(alerts={"db": Alert(metric="pool")})
    here.series.levels["db", "green"] = 93.0
    here.metrics.failing["green"] = 0.5


@trouble
def hanging(here: World) -> None:
    """The traffic does not follow."""

    def fail() -> None:
        raise StartFailed("the router hangs")

    here.provider.at["web: traffic green 100 %"] = fail


@trouble
def asking(here: World) -> None:
    """The traffic does not follow, and a person starts the way back."""
    here.change_settings(auto_rollback=False)
    hanging(here)


@trouble
def blocked(here: World) -> None:
    """Nobody may deploy now."""
    here.change_settings(gates=here.environments["production"].gates.model_copy(update={"checks": ("lint",)}))


class Outage:
    """The tracker is gone for an hour from the moment that a stage is entered first."""

    def __init__(self, here: World, stage: Stage | None) -> None:
        self._here, self._stage, self._enter = here, stage, here.store.deployments.entered
        self.until = 0.0
        here.store.deployments.entered = self.entered

    def entered(self, lease: Lease, stage: Stage, told: Sequence[Told] = ()) -> None:
        self._enter(lease, stage, told)
        if stage is self._stage and not self.until:
            self.until = self._here.clock.now + HOUR
            self._here.tracker.is_down = True

    def pass_by(self) -> None:
        if self.until and self._here.clock.now >= self.until:
            self._here.tracker.is_down = False


async def begun(here: World) -> Deployment:
    """A task with a workspace, and one that waits for it."""
    change = await here.propose("faster", {"faster.py": "new"})
    place = workspace.create(here.crew.workspaces)
    task = await here.task(change, workspace=place.name)
    await here.task(change, depends_on=(task.id,), title="Write about it")
    return here.accept("production", task=task.id, change=change.id)


async def unmerged(here: World) -> Deployment:
    """A task that names a version: its approval is checked first when that is built."""
    here.forge.write("v2", {"v2.py": "new"}, "Version 2", since="main")
    words = {"title": "Ship v2", "description": "", "status": "Ready to Deploy", "marker": ""}
    new = NewTask.model_validate({**words, "queue": Queue.DEPLOY, "priority": Priority.P2})
    return here.accept("production", task=(await here.tracker.create(new)).id, version="v2")


async def lived(here: World, outage: Outage, row: Deployment, *, until_told: bool = True) -> Deployment:
    """What a worker does, among people who answer what they read on the thread."""
    for _ in range(4000):
        outage.pass_by()
        await ada_answers(here, row)
        if here.is_due(row.id):
            await here.runner.drive(row.id)
        for woken in await here.postman.look():
            assert woken == row.id
        row = here.store.deployments.deployment(row.id)
        if row.status is Status.FINISHED and not (until_told and here.store.outbox.owed()):
            return row
        await here.wait(1 if here.store.watches.open_of(row.id) else 5)
    raise AssertionError(f"no end: {row}, {here.store.outbox.owed()}")


async def ada_answers(here: World, row: Deployment) -> None:
    with suppress(OrchestrateError):
        thread = await here.tracker.comments(row.request.task or "")
        asked = sum("/approval-Q" in one.text or "/decide-Q" in one.text for one in thread)
        if sum(one.author == "ada" for one in thread) < asked:
            await here.tracker.say(row.request.task or "", "ada", "Approved")
        await here.answers.read()


async def ending(folder: Path, name: str, stage: Stage | None) -> list[str]:
    """How it ended; that we said everything once is seen here."""
    folder.mkdir()
    async with world(folder, quick(folder)) as here:
        TROUBLES.get(name, good)(here)
        outage = Outage(here, stage)
        row = await lived(here, outage, await (unmerged if name == "unmerged" else begun)(here))
        assert stage is None or outage.until, "the tracker was never gone"
        found = [one for one in await ending_of(here, row) if "/watch-" not in one]
        tasks = await here.tracker.tasks(only_open=False)
        said = [one.text for task in tasks for one in await here.tracker.comments(task.id)]
        marks = [line for text in said for line in text.splitlines() if line.startswith("<!-- orchestrate:")]
        assert not [mark for mark, count in Counter(marks).items() if count > 1]
        assert not [one for one in here.store.events.of(row.id) if one.kind == "not_told"]
        waits_for = [one.depends_on for one in tasks if one.title == "Write about it"]
        left = [one.name for one in here.crew.workspaces.glob("ws-*")]
        return [*found, f"{waits_for} {len(left)} workspaces"]


CASES = [
    *(
        ("good", stage)
        for stage in ("pick_up", "gates", "plan", "queue", "merge", "deploy", "judge", "finish")
    ),
    *(("bad", stage) for stage in ("judge", "roll_back", "fix_tasks", "close")),
    *(("asking", stage) for stage in ("deploy", "roll_back")),
    *(("blocked", stage) for stage in ("pick_up", "blocked")),
    *(("unmerged", stage) for stage in ("queue", "merge", "build")),
]


@pytest.mark.parametrize(("name", "stage"), CASES)
async def test_a_tracker_that_is_gone_for_an_hour_changes_nothing(
    folder: Path, name: str, stage: str
) -> None:
    if name not in TWINS:
        TWINS[name] = await ending(folder / "twin", name, None)

    assert await ending(folder / "found", name, Stage(stage)) == TWINS[name]


async def test_a_bad_release_is_taken_back_while_nobody_can_be_told(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        bad(here)
        outage = Outage(here, Stage.JUDGE)

        row = await lived(here, outage, await begun(here), until_told=False)

        assert here.tracker.is_down
        assert (row.outcome, here.provider.weights["web"]) == (Outcome.ROLLED_BACK, {"blue": 100})
        assert here.clock.now < outage.until - HOUR + 60
        assert here.store.locks.holder("production", "shop") is None


async def test_a_task_whose_end_the_tracker_does_not_know_yet_is_not_deployed_again(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        row = await lived(here, Outage(here, Stage.FINISH), await begun(here), until_told=False)
        here.tracker.is_down = False
        await here.tracker.move(row.request.task or "", "Ready to Deploy")  # as if that was lost too

        assert await here.intake.claim("test") == ()

        await here.told()
        assert (await here.tracker.task(row.request.task or "")).status == "Deployed"
        assert [one.request.task for one in await here.intake.claim("test")] == ["T-2"]


async def test_a_word_that_alone_is_refused_keeps_no_other_from_being_told(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        here.tracker.refuses = {"Deploying"}
        row = await begun(here)

        row = await lived(here, Outage(here, None), row, until_told=False)
        here.clock.now += 3600
        for _ in range(200):
            await here.postman.look()
            here.clock.now += 60

        assert (await here.tracker.task(row.request.task or "")).status == "Deployed"
        here.tracker.refuses = set()
        await here.told()
        assert (await here.tracker.task(row.request.task or "")).status == "Deployed", (
            "no older word undoes it"
        )


async def test_what_can_never_be_told_is_given_up_after_a_day_and_the_story_says_so(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        row = await lived(here, Outage(here, Stage.FINISH), await begun(here), until_told=False)

        await here.told()

        given_up = [one.text for one in here.store.events.of(row.id) if one.kind == "not_told"]
        assert given_up
        assert "does not answer" in given_up[0]


async def test_a_task_that_was_deleted_is_told_nothing_and_keeps_nobody_waiting(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        row = await lived(here, Outage(here, Stage.FINISH), await begun(here), until_told=False)
        here.tracker.is_down = False
        here.tracker.forget(row.request.task or "")

        await here.told()

        assert not here.store.outbox.owed()
        assert [one for one in await here.announced() if "Deployed" in one.title]


async def test_nothing_is_told_while_effects_are_stopped(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        await lived(here, Outage(here, Stage.FINISH), await begun(here), until_told=False)
        here.tracker.is_down = False
        here.store.switch.stop("ada", "it looks odd", everything=False)
        owed = here.store.outbox.owed()
        here.clock.now += HOUR

        await here.postman.look()
        assert here.store.outbox.owed() == owed

        here.store.switch.allow("ada", "it is fine")
        await here.told()
        assert not here.store.outbox.owed()


async def test_the_report_is_written_anew_when_people_were_told(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        hanging(here)
        row = await lived(here, Outage(here, Stage.FIX_TASKS), await begun(here), until_told=False)
        page = here.runner.records.folder / f"{row.id}.md"
        assert "to be fixed in" not in page.read_text()
        here.tracker.is_down = False

        await here.told()

        assert "to be fixed in" in page.read_text()


async def test_a_version_whose_approval_cannot_be_checked_keeps_nobody_from_the_environment(
    folder: Path,
) -> None:
    async with world(folder, quick(folder)) as here:
        row, outage = await unmerged(here), Outage(here, Stage.BUILD)
        while not outage.until or here.clock.now < outage.until - HOUR + 180:
            await ada_answers(here, row)
            if here.is_due(row.id):
                await here.runner.drive(row.id)
            await here.wait(1)

        assert here.tracker.is_down
        assert here.store.locks.holder("production", "shop") is None
        assert here.store.deployments.deployment(row.id).status is Status.WAITING
