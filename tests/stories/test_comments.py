"""Stories of what counts as a person's word, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import NotAllowed
from orchestrate.models.deployment import DecisionKind, Outcome, Status
from orchestrate.models.environment import Channel
from tests.stories.places import quick
from tests.stories.world import world


@pytest.mark.parametrize("text", ["Approved", "approve", " APPROVED.\n", "Approved {question}"])
async def test_a_comment_of_the_approver_approves(folder: Path, text: str) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()

        await here.says("ada", text.format(question=here.question(deployment.id).id), task.id)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED


@pytest.mark.parametrize(
    ("who", "text", "why"),
    [
        ("mira", "Approved", "not an approver"),
        ("eve", "Approved", "nobody in `people`"),
        ("ada", "> Approved", "the whole comment"),
        ("ada", "`Approved`", "the whole comment"),
        ("ada", "```\nApproved\n```", "the whole comment"),
        ("ada", "Аpproved", "the whole comment"),  # its first letter is Cyrillic
        ("ada", "Approved, if the tests pass", "the whole comment"),
        ("ada", "Approved QAAAAAA", "QAAAAAA is not open"),
    ],
)
async def test_a_comment_that_does_not_count_is_told_why_once(
    folder: Path, who: str, text: str, why: str
) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()

        await here.says(who, text, task.id)
        await here.answers.read()
        row = await here.go(deployment.id)
        await here.answers.read()

        assert row.status is Status.WAITING
        (reply,) = await here.said(task.id, "Not counted")
        assert why in reply


async def test_the_author_may_not_approve_what_they_wrote(folder: Path) -> None:
    async with world(folder, quick(folder, approvers=("ada", "mira"))) as here:
        deployment, task, _ = await here.asked()

        await here.says("mira", "Approved", task.id)
        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert "wrote change" in (await here.said(task.id, "Not counted"))[0]


async def test_an_edited_comment_does_not_count(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()
        said = await here.tracker.say(task.id, "ada", "Looks fine, one moment")
        await here.tracker.edit(said.id, "Approved")

        await here.answers.read()
        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert "edited" in (await here.said(task.id, "Not counted"))[0]


async def test_a_comment_from_before_the_question_does_not_count(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.ready()
        await here.tracker.say(task.id, "ada", "Approved")
        here.clock.now += 5
        await here.go(deployment.id)

        await here.answers.read()
        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert "before question" in (await here.said(task.id, "Not counted"))[0]


async def test_our_own_comments_neither_count_nor_are_answered(folder: Path) -> None:
    async with world(folder, quick(folder, approvers=("ada", "orchestrate"))) as here:
        deployment, task, _ = await here.asked()
        before = await here.tracker.comments(task.id)

        await here.tracker.comment(task.id, "Approved")
        await here.answers.read()

        assert (await here.go(deployment.id)).status is Status.WAITING
        assert len(await here.tracker.comments(task.id)) == len(before) + 1


async def test_people_may_talk_on_the_thread(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.asked()
        before = await here.tracker.comments(task.id)

        await here.says(
            "eve", "Is this the one that makes the search faster? I would wait for lunch.", task.id
        )
        await here.says("rob", f"security approved {change.head[:10]}", task.id)

        assert (await here.go(deployment.id)).status is Status.WAITING
        assert len(await here.tracker.comments(task.id)) == len(before) + 2


async def test_a_strangers_word_does_not_hide_adas(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()
        await here.tracker.say(task.id, "ada", "Approved")
        here.clock.now += 1

        await here.says("eve", "Approved", task.id)

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


@pytest.mark.parametrize("order", [("ada", "rob"), ("rob", "ada")])
async def test_hold_beats_approved_whoever_was_first(folder: Path, order: tuple[str, str]) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.asked()
        for who in order:
            await here.tracker.say(task.id, who, "Approved" if who == "ada" else "Hold")
            here.clock.now += 1

        await here.answers.read()
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.HELD
        assert (await here.forge.change(change.id)).merge_commit is None
        assert (await here.tracker.task(task.id)).status == "On hold"


async def test_whoever_changes_their_mind_is_taken_at_their_newest_word(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()
        for word in ("Hold", "Approved"):
            await here.tracker.say(task.id, "ada", word)
            here.clock.now += 1

        await here.answers.read()

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_hold_beats_an_approval_that_was_not_used_yet(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        question = here.store.questions.for_deployment(deployment.id)[0]

        await here.answers.decide(question.id, DecisionKind.HOLD, Channel.CLI, "rob", "Hold")
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.HELD
        assert (await here.forge.change(change.id)).merge_commit is None


async def test_approving_twice_changes_nothing(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        question = here.store.questions.for_deployment(deployment.id)[0]

        again = await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")
        await here.says("ada", "Approved", task.id)
        row = await here.go(deployment.id)
        after = await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")

        assert row.outcome is Outcome.DEPLOYED
        assert again == question
        assert after.decision == question.decision
        told = [one for one in here.store.events.of(deployment.id) if one.kind == "decided"]
        assert len(told) == 1


async def test_a_hold_does_not_wait_for_a_forge_that_is_down(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.asked()
        here.forge.is_down = True

        await here.approve(deployment.id, DecisionKind.HOLD)

        assert (await here.go(deployment.id)).outcome is Outcome.HELD


async def test_a_stranger_at_the_command_line_is_refused(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.asked()
        question = here.question(deployment.id)

        with pytest.raises(NotAllowed):
            await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "eve", "Approved")
