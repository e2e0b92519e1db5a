"""Beads without its program: recorded answers of several versions, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.errors import CommandFailed, NotFound, OutsideFailed, Refused, UnknownTask, Unreachable
from orchestrate.models.task import Label, Queue, TaskMetadata
from tools.commands import Output
from tools.systems.beads import BeadsTracker
from tools.systems.beads_answers import Issue, Saying, parsed
from tools.systems.beads_issues import Vocabulary, read
from tools.systems.beads_program import Beads

ISSUE = """{"id": "app-a1b2", "title": "Deploy PR #128", "status": "open", "priority": 1,
 "issue_type": "task",
 "created_at": "2026-11-20T09:00:00Z", "created_by": "coder", "updated_at": "2026-11-20T09:00:00Z",
 "external_ref": "gh-128", "metadata": {"deployment_target": "staging", "quality_gates": ["unit"]},
 "labels": ["ready-to-deploy", "qa approved"], "comment_count": 2,
 "dependencies": [{"issue_id": "app-a1b2", "depends_on_id": "app-c3d4", "type": "blocks",
  "created_at": "2026-11-20T09:05:00Z", "created_by": "deployer", "metadata": "{}"}]}"""


@dataclass
class Script:
    """Answers as bd would: exit code, output, errors."""

    code: int = 0
    out: str = "[]"
    err: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        cap: int = 1_048_576,
        stdin: bytes | None = None,
    ) -> Output:
        self.asked.append(tuple(argv))
        return Output(tuple(argv), self.code, self.out.encode(), self.err.encode())


def beads(script: Script) -> Beads:
    return Beads(Path(), "orchestrate", run=script)


def tracker(script: Script) -> BeadsTracker:
    return BeadsTracker(beads=beads(script), statuses=("Deploying", "Failed"))


@pytest.mark.parametrize(
    "text",
    [
        f"[{ISSUE}]",
        ISSUE,
        f'{{"schema_version": 1, "data": [{ISSUE}]}}',
        f'{{"schema_version": 1, "data": {{"items": [{ISSUE}]}}}}',
        f'{{"items": [{ISSUE}]}}',
    ],
    ids=["bare", "object", "envelope", "items in it", "items"],
)
def test_every_form_of_an_answer_is_read(text: str) -> None:
    (issue,) = parsed(Issue, text, "it")

    assert (issue.id, issue.waits_for) == ("app-a1b2", ("app-c3d4",))


@pytest.mark.parametrize("text", ["<html>", "[", '[{"id": 1}]', '["x"]', "[" * 100_000])
def test_another_answer_is_none(text: str) -> None:
    with pytest.raises(Unreachable, match="something else about it"):
        parsed(Issue, text, "it")


def test_an_issue_is_a_task() -> None:
    task = read(parsed(Issue, ISSUE, "it")[0], Vocabulary(("Ready to Deploy", "Failed")))

    assert (task.status, task.queue, task.change) == ("Ready to Deploy", Queue.DEPLOY, "128")
    assert task.metadata == TaskMetadata(deployment_target="staging", quality_gates=("unit",))
    assert (task.labels, task.depends_on) == ((Label(name="qa approved", by=""),), ("app-c3d4",))


def test_a_comment_is_as_late_as_its_id_tells() -> None:
    cut = datetime(2026, 11, 20, 9, 5, 0, tzinfo=UTC)
    milliseconds = f"{int(cut.timestamp() * 1000) + 789:012x}"
    id = f"{milliseconds[:8]}-{milliseconds[8:]}-7a3b-9f00-1d2c3b4a5f60"

    precise = Saying(id=id, created_at=cut).at
    other = Saying(id="0197e2b4-7c1e-4a3b-9f00-1d2c3b4a5f60", created_at=cut).at

    assert (precise.microsecond, other) == (789_000, cut)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(1, '{"error": "no issues found matching the provided IDs", "schema_version": 1}'), NotFound),
        (Script(1, "", '{"error": {"code": "ISSUE_NOT_FOUND", "message": "Issue not found: x"}}'), NotFound),
        (Script(1, '{"schema_version": 1, "data": {"error": "issue x not found"}}'), NotFound),
        (Script(1, '{"data": {"error": "it blocks y"}, "schema_version": 1}'), OutsideFailed),
        (Script(1, "", "Error: another process holds the exclusive lock on the database"), Unreachable),
        (Script(1, "", "Error claiming app-a1b2: issue already claimed by x"), OutsideFailed),
        (Script(1), OutsideFailed),
    ],
)
async def test_what_bd_says_is_wrong_is_told(script: Script, error: type[Exception]) -> None:
    with pytest.raises(error) as problem:
        await beads(script).ask(Issue, "show", "x", about="issue x")

    assert type(problem.value) is error


async def test_a_program_that_does_not_end_is_asked_again_later() -> None:
    async def late(argv: Sequence[str], **_: object) -> Output:
        raise CommandFailed(argv, None, "")

    with pytest.raises(Unreachable, match="did not end in time"):
        await Beads(Path(), "o", run=late).do("list", about="it")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ('{"version": "0.5.10", "rust_version": "1.90"}', "is br 0.5.10, and not bd"),
        ('{"version": "0.49.6"}', "is version 0.49.6"),
        ("{}", "is version unknown"),
    ],
)
async def test_another_program_of_that_name_is_refused(out: str, said: str) -> None:
    with pytest.raises(OutsideFailed, match=said):
        await beads(Script(out=out)).version()


@pytest.mark.parametrize("id", ["--all", "", "a b", "x;y", "../x", "-"])
async def test_no_id_is_read_as_an_option(id: str) -> None:
    script = Script()

    for ask in (tracker(script).task, tracker(script).comments):
        with pytest.raises(UnknownTask):
            await ask(id)
    assert script.asked == []


async def test_whoever_writes_proves_nothing() -> None:
    said = '[{"id": "1", "author": "ada", "text": "Approved", "created_at": "2026-11-20T09:00:00Z"}]'

    (comment,) = await tracker(Script(out=said)).comments("a")

    assert (comment.author, comment.proven) == ("ada", False)


async def test_tasks_do_not_wait_in_a_circle() -> None:
    script = Script(out=f"[{ISSUE}]")

    for on in ("app-c3d4", "app-a1b2"):
        with pytest.raises(Refused, match="cannot wait"):
            await tracker(script).depend("app-c3d4", on)
    assert all("dep" not in words for words in script.asked)
