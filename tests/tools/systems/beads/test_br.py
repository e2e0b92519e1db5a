"""br instead of bd: which program answers, what people write by hand, and how many calls are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import OutsideFailed
from orchestrate.models.task import NewTask, Priority, Queue, TaskMetadata
from orchestrate.settings import TrackerSettings
from tests.servers.br import VERSION, BrProgram, tracker
from tools.systems.beads_answers import Issue, parsed
from tools.systems.beads_br import Br, BrTracker, told
from tools.systems.beads_program import Beads
from tools.systems.beads_setup import beads_tracker

ISSUE = """{"issues": [{"id": "t-1", "title": "Ship", "status": "open", "priority": 1,
 "description": "Please.\\n\\ndeployment_target: staging\\npr: 128\\n", "source_repo": ".",
 "created_at": "2026-11-20T09:00:00.123456789Z", "dependency_count": 1}], "total": 1, "has_more": false}"""


def new(**changes: object) -> NewTask:
    task = NewTask(
        title="Fix",
        description="Why",
        queue=Queue.EXECUTION,
        status="Open",
        priority=Priority.P0,
        marker="fix/1",
    )
    return task.model_copy(update=changes)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"version": "1.3.0"}, "version 1.3.0, and not br"),
        ({**VERSION, "version": "0.1.12"}, "version 0.1.12"),
        ({}, "version unknown, and not br"),
    ],
)
async def test_another_program_of_that_name_is_refused(said: dict[str, object], why: str) -> None:
    with pytest.raises(OutsideFailed, match=why) as refused:
        await Br(Path(), "o", "br", run=BrProgram(said)).version()

    assert "install br 0.2.14 or newer" in refused.value.cure


async def test_br_that_is_called_bd_is_refused_with_the_way_to_use_it() -> None:
    async def br(argv: list[str], **words: object) -> object:
        return await BrProgram()(["br", *argv[1:]])

    with pytest.raises(OutsideFailed, match="is br 0.5.10, and not bd") as refused:
        await Beads(Path(), "o", run=br).version()  # pyright: ignore[reportArgumentType]

    assert "tracker: {program: br}" in refused.value.cure


def test_what_people_write_in_a_description_is_read() -> None:
    (issue,) = parsed(Issue, ISSUE, "it")

    assert told(issue).metadata == {"deployment_target": "staging", "pr": "128"}


def test_a_hidden_line_that_is_none_is_left_out_and_believed_in_nothing() -> None:
    (issue,) = parsed(Issue, ISSUE, "it")
    broken = issue.model_copy(update={"description": "x\n\n<!-- orchestrate {not json} -->"})

    assert (told(broken).metadata, told(broken).description) == ({}, "x")


async def test_what_a_crash_left_without_its_edges_gets_them() -> None:
    program = BrProgram()
    at = tracker(program)
    first = await at.create(new(marker="a"))
    half = await at.create(new(marker="b", metadata=TaskMetadata(stage="canary")))

    whole = await at.create(new(marker="b", depends_on=(first.id,)))

    assert (whole.id, whole.depends_on, whole.metadata.stage) == (half.id, (first.id,), "canary")


async def test_a_look_shows_what_is_open_fifty_in_a_call() -> None:
    program = BrProgram()
    at = tracker(program)
    for number in range(120):
        await at.create(new(marker=f"m/{number}"))
    await at.say("t-7", "ada", "Hold")
    program.calls.clear()

    assert (await at.spoken("")).tasks == ("t-7",)
    assert program.calls == ["list", "show", "show", "show"]


async def test_one_that_is_gone_keeps_no_other_from_being_shown() -> None:
    at = tracker(BrProgram())
    first, second = await at.create(new(marker="a")), await at.create(new(marker="b"))

    shown = await at._shown([first.id, "t-99", second.id])  # pyright: ignore[reportPrivateUsage]

    assert [*shown] == [first.id, second.id]


@pytest.mark.parametrize(("program", "is_br"), [("br", True), ("~/bin/br", True), ("bd", False)])
def test_the_program_that_is_named_decides(program: str, is_br: bool) -> None:
    said = TrackerSettings(
        kind="beads", folder=Path(), program=program, input_status="Ready", output_status="Done", queues={}
    )

    at = beads_tracker(said, {}, ())

    assert isinstance(at, BrTracker) is isinstance(at.beads, Br) is is_br
