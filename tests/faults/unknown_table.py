"""The table of unknown outcomes: what is expected of each request when it meets each fault.

A further adapter is one more line; an effect of the code without one fails the test. Whatever heals
ends as the undisturbed twin does; the columns say how it ends when it never does (facts 2.3, last column).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.unknown_line import EVER, FAULTS, Fault


class End(StrEnum):
    """How a deployment ends, or where it stays."""

    HELD = "held"  # parked: people are called, and the cause and its cure are named
    ASKED = "asked"  # half-way, with the environment locked: a person is asked how to go on
    BLOCKED = "blocked"  # the gates do not know, which is never a pass
    BACK = "rolled_back"
    UNCHANGED = "failed_before_change"
    PAGED = "rollback_failed"  # the way back failed: a person is called at once
    TRUE = "as the twin"  # it ends as it did; the story says who was not told


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request: in which scene it is made, for which effect, and how it ends when it never heals."""

    scene: str
    request: str
    effect: str = ""  # the tool or move it belongs to; '' for what is only read
    never: End  # this request is refused for ever, the rest of the system answers
    silent: End  # the whole system is gone for ever
    denied: End  # 401 and 403
    refused: End | None = None  # 403 for this alone: where that is another end than a token that is no good
    lost: End | None = None  # it was made, and the whole system is gone since: where that is another end
    is_optional: bool = False  # nothing waits for it: it is not asked again, and what comes next may ask
    is_first: bool = False  # the one row of its effect that every run of the tests looks at


def _row(scene: str, request: str, effect: str, ends: tuple[End, End, End], *, is_first: bool = False) -> Row:
    never, silent, denied = ends
    return Row(
        scene=scene,
        request=request,
        effect=effect,
        never=never,
        silent=silent,
        denied=denied,
        is_first=is_first,
    )


def _shown(scene: str, standing: str, *, is_first: bool = False) -> Row:
    """Nothing waits for a showcase, and nothing ends otherwise because of it."""
    return _helps(scene, f"showcase.show {standing}", "show", is_first=is_first)


def _helps(scene: str, request: str, effect: str, *, is_first: bool = False) -> Row:
    """What only helps: nothing waits for it, and nothing ends otherwise because of it."""
    return Row(
        scene=scene,
        request=request,
        effect=effect,
        never=End.TRUE,
        silent=End.TRUE,
        denied=End.TRUE,
        is_optional=True,
        is_first=is_first,
    )


def _word(request: str, effect: str, *, is_first: bool = False) -> Row:
    """What people are told before anything has begun: without it, it goes on, and they are told later.

    A tracker that is gone is waited for, because the gates and the approval are read there.
    """
    return Row(
        scene="good",
        request=request,
        effect=effect,
        never=End.TRUE,
        silent=End.HELD,
        denied=End.HELD,
        refused=End.TRUE,
        is_first=is_first,
    )


BEFORE = (End.HELD, End.HELD, End.HELD)
HALF_WAY = (End.BACK, End.ASKED, End.ASKED)
AT_THE_END = (End.TRUE, End.TRUE, End.TRUE)
ON_THE_WAY_BACK = (End.PAGED, End.PAGED, End.PAGED)
UNKNOWN = (End.BLOCKED, End.BLOCKED, End.BLOCKED)

EFFECTS = (
    _word("tracker.move Deploying", "move_task", is_first=True),  # S1
    _word("tracker.comment picked-up", "comment"),
    _word("tracker.create announce/start", "file_task"),
    _word("tracker.comment approval", "comment", is_first=True),  # S5
    Row(  # S7: a backup that was made is found again; what comes next is not begun
        scene="good",
        request="database.backup",
        effect="backup",
        never=End.UNCHANGED,
        silent=End.UNCHANGED,
        denied=End.ASKED,
        lost=End.BACK,
        is_first=True,
    ),
    _shown("good", "running", is_first=True),
    _shown("good", "done"),
    _shown("back", "failed"),
    _row("good", "database.apply", "migrate", HALF_WAY, is_first=True),
    _row("good", "forge.merge", "merge", BEFORE, is_first=True),  # S8
    _row("good", "provider.build", "build", BEFORE, is_first=True),  # S9
    _row("good", "provider.apply start", "start", HALF_WAY, is_first=True),  # S10
    _row("good", "provider.apply set_traffic", "set_traffic", HALF_WAY, is_first=True),
    _row("good", "provider.apply drain", "drain", HALF_WAY, is_first=True),
    _row("good", "provider.apply stop", "stop", (End.PAGED, End.ASKED, End.ASKED), is_first=True),
    _row("back", "provider.apply scale", "scale", HALF_WAY, is_first=True),
    _row("back", "undo: provider.apply set_traffic", "undo", ON_THE_WAY_BACK, is_first=True),  # S14
    _row("back", "undo: provider.apply scale", "undo", ON_THE_WAY_BACK),
    _row("back", "undo: provider.apply stop", "undo", ON_THE_WAY_BACK),
    _row("back", "forge.revert", "revert", AT_THE_END, is_first=True),
    _row("conflict", "forge.resolve", "resolve", AT_THE_END, is_first=True),
    _row("conflict", "tracker.comment blocked", "comment", AT_THE_END),
    _row("conflict", "tracker.move Open conflict-resolution", "move_task", AT_THE_END),
    _row("conflict", "tracker.comment resolution", "comment", AT_THE_END),
    _row("back", "tracker.create fix", "file_task", AT_THE_END, is_first=True),  # S15
    _row("back", "tracker.depend", "depend", AT_THE_END, is_first=True),
    _row("back", "tracker.close", "close_task", AT_THE_END),
    _row("good", "tracker.comment result", "comment", AT_THE_END),  # S16
    _row("good", "tracker.create announce/result", "file_task", AT_THE_END),
    _helps("good", "reservations.reserve", "reserve", is_first=True),
    _helps("good", "reservations.release", "release", is_first=True),
    _helps("good", "memory.remember", "remember", is_first=True),
    _row("good", "tracker.create e2e", "file_task", AT_THE_END),
    _row("good", "tracker.close", "close_task", AT_THE_END, is_first=True),  # S18
)
"""What changes something outside."""

READS = (
    _row("good", "tracker.task", "", BEFORE),
    Row(
        scene="good",
        request="tracker.comments",
        never=End.BLOCKED,
        silent=End.HELD,
        denied=End.HELD,
        refused=End.BLOCKED,
    ),
    _word("tracker.find", ""),
    _row("good", "forge.change", "", UNKNOWN, is_first=True),  # S3
    _row("good", "forge.methods", "", UNKNOWN),
    _row("good", "forge.preview", "", UNKNOWN),
    _row("good", "provider.running", "", UNKNOWN),
    _row("good", "database.applied", "", UNKNOWN),
    _row("good", "forge.checkout", "", UNKNOWN),
    _row("good", "provider.resources", "", UNKNOWN),
    _row("good", "provider.artifact", "", UNKNOWN),
    _row("good", "forge.files", "", (End.HELD, End.BLOCKED, End.HELD)),  # S4
    _row("good", "forge.log", "", (End.HELD, End.BLOCKED, End.HELD)),
    _row("good", "forge.merged", "", BEFORE, is_first=True),
    _row("good", "database.verify", "", (End.ASKED, End.ASKED, End.ASKED), is_first=True),
)
"""What is only read: before anything changes, or to see whether it happened."""

NOT_NEEDED = {
    "provider.tail": "logs are evidence where they can be read, and a line that says so where not",
    "forge.conflict": "a proposal of a model: without it a person has the conflict as before",
    "forge.resolved": "part of `resolve`, which has its row",
    "forge.diff": "advice of a model: without it everything is decided as before",
    "memory.known": "part of `remember`, which has its row",
    "memory.recall": "what was learnt before can only make a plan riskier, where it can be read",
    "showcase.standing": "part of `show`, which has its row",
    "tracker.dependents": "part of `depend`, which has its row",
}
"""What is read where it can be, and decides nothing."""

NOT_ASKED = {
    "destroy workspace": "nobody outside is asked: tests/faults/test_workspace_attacks.py",
    "post_message": "the herald's, beside every deployment: tests/orchestrate/counter/test_herald.py",
    "edit_message": "the herald's, beside every deployment: tests/orchestrate/counter/test_herald.py",
    "leave_queue": "only a forge with a merge queue is asked: tests/stories/test_merge_queue.py",
    "move": "each kind of move has its own row",
    "verify": "it only reads: tests/faults/test_garbage_answers.py",
    "analyse": "it only reads: tests/faults/test_garbage_answers.py",
}
"""Effects and moves without a request of their own, and where they are looked at."""

ALWAYS = (
    "times out before", "times out after success", "never answers", "partition for ever",
    "401 from then on", "403 for this",
)  # fmt: skip
"""The faults that every run of the tests looks at; the others are slow."""


def end_of(row: Row, fault: Fault) -> End:
    """How it ends under this fault, by the table."""
    if fault.heals:
        return End.TRUE
    if fault.denies:
        return row.refused if row.refused and fault.silence is not EVER else row.denied
    if fault.silence is not EVER:
        return row.never
    return row.lost if fault.after and row.lost else row.silent


def cases(*, is_always: bool) -> list[tuple[Row, str]]:
    """Every row with every fault that it can meet, those of each run or the others."""
    rows = [(row, name) for row in EFFECTS for name in FAULTS]
    rows += [(row, name) for row in READS for name, fault in FAULTS.items() if not fault.after]
    return [one for one in rows if _is_always(*one) is is_always]


def _is_always(row: Row, name: str) -> bool:
    return row.is_first and name in ALWAYS


BY_EFFECT: Mapping[str, tuple[Row, ...]] = {
    row.effect: tuple(one for one in EFFECTS if one.effect == row.effect) for row in EFFECTS
}
