"""Ten thousand beads, and a thread of a thousand comments: so many calls, and nothing is missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bounds import within
from tools.commands import Output
from tools.systems.beads import BeadsTracker
from tools.systems.beads_program import Beads

COMMENTS, BEADS = 1000, 10_000
AT = "2026-11-20T09:00:00Z"


class Workspace:
    """A bd with ten thousand beads, of which the first has a thousand comments; what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spoken = COMMENTS

    async def __call__(self, argv: Sequence[str], **_: object) -> Output:
        verb, *words = argv[4:]
        self.asked.append(verb)
        match verb:
            case "comments":
                found = self.comments()
            case "show":
                found = [self.bead(0, comments=self.comments()) for one in words if one == "t-0"]
            case _:
                found = [self.bead(number) for number in range(BEADS)]
        return Output(tuple(argv), 0, json.dumps({"schema_version": 2, "data": found}).encode(), b"")

    def bead(self, number: int, **more: object) -> dict[str, object]:
        said = 0 if number else self.spoken
        return {"id": f"t-{number}", "title": "Ship", "created_at": AT, "comment_count": said, **more}

    def comments(self) -> list[dict[str, object]]:
        held = (0, self.spoken - 1)
        return [
            {
                "id": f"{number}",
                "author": "ada",
                "text": "Hold" if number in held else f"word {number}",
                "created_at": f"2026-11-20T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            }
            for number in range(self.spoken)
        ]


def tracker(workspace: Workspace) -> BeadsTracker:
    beads = Beads(Path(), "orchestrate", run=workspace)  # pyright: ignore[reportArgumentType]
    return BeadsTracker(beads=beads, statuses=("Deploying",), look_seconds=0.0)


async def test_a_thousand_comments_are_read_by_one_call() -> None:
    workspace = Workspace()

    with within(seconds=10, mib=16):
        found = await tracker(workspace).comments("t-0")

    assert [at for at, one in enumerate(found) if one.text == "Hold"] == [0, COMMENTS - 1]
    assert (len(found), workspace.asked) == (COMMENTS, ["comments"])


async def test_a_look_at_ten_thousand_beads_shows_only_those_where_somebody_spoke() -> None:
    workspace = Workspace()
    tasks = tracker(workspace)
    mark = (await tasks.spoken("")).mark
    workspace.spoken += 1
    workspace.asked.clear()

    with within(seconds=15, mib=64):
        told = (await tasks.spoken("0")).tasks

    assert (told, workspace.asked) == (("t-0",), ["list", "show"])
    assert mark and (await tasks.spoken("0")).tasks == ("t-0",)
    assert workspace.asked == ["list", "show", "list"]
