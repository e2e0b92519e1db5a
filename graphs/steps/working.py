"""Working: what was learnt before about the files of a change, who else works on them, what is learnt now.

Memory and reservations help; a deployment never fails, waits or ends otherwise because they are away. Whoever
has reserved files for itself is waited for, for a while.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from agents.situation import Situation
from graphs.steps.crew import WHOLE_STORY, Crew
from orchestrate import reports
from orchestrate.errors import (
    KeyUnusable,
    NotFound,
    OutcomeUnknown,
    OutsideFailed,
    SealBroken,
    SettingsInvalid,
    with_cure,
)
from orchestrate.models.deployment import ForChecks, Kind, Request
from orchestrate.models.learning import Held, Learning, Reservation, Reserved, Topic
from orchestrate.models.plan import Plan
from orchestrate.outside import line
from tools.executor import Errand
from tools.remembering import remembering
from tools.reserving import RESERVE, Reservations, releasing, reserving

T = TypeVar("T")

MOST_FILES = 300
"""Files of one change that are reserved and looked up; a larger change is about everything."""

HELD, RESERVED = "held_by_others", "files_reserved"
"""How the story calls the line that names those who work on a file too, or want it for themselves."""
LOOKS_AGAIN = 60.0
"""Seconds between two looks at files that others have reserved for themselves."""


async def informed(crew: Crew, at: Errand, situation: Situation) -> Situation:
    """The situation with what was learnt about its files; they are reserved, and other holders named."""
    files = tuple(sorted({*situation.changed_files}))[:MOST_FILES]
    if not files:
        return situation
    environment = situation.environment
    topic = Topic(
        service=environment.service,
        environment=environment.name,
        title=situation.change.title if situation.change else "",
        files=files,
    )
    learnt = await _tried(crew, at, "memory", crew.memory.recall(topic)) if crew.memory else None
    held = await _reserved(crew, at, situation, files)
    return situation.model_copy(update={"learnt": learnt or (), "held": held})


async def _reserved(crew: Crew, at: Errand, situation: Situation, files: tuple[str, ...]) -> tuple[Held, ...]:
    if crew.reservations is None:
        return ()
    wanted = Reservation(
        holder=at.deployment,
        service=situation.environment.service,
        files=files,
        reason=line(f"deploying {situation.version.name} to {situation.environment.name}"),
        until=crew.store.clock() + crew.reserved_for,
    )
    tool = reserving(crew.reservations)
    is_again = crew.executor.was_meant(tool, wanted, at)
    got = await _tried(crew, at, "reservations", crew.executor.do(tool, wanted, at))
    if got is None or not got.held:
        return ()
    is_barred = bool(_alone(situation.request, got.held))
    kind = RESERVED if is_barred else HELD
    if _found_at(crew, at, kind) is None:
        text = reports.held_by_others(got.held, crew.waits_for_files if is_barred else 0)
        await crew.voice.say(at, situation.request.task, kind.replace("_", " "), text)
        crew.event(at, kind, line(text, 600))
    return await _still(crew, at, crew.reservations, got) if is_again else got.held


async def _still(crew: Crew, at: Errand, reservations: Reservations, got: Reserved) -> tuple[Held, ...]:
    """What those hold at this moment who were there first; who came later sees that we work on it."""
    found = await _tried(crew, at, "reservations", reservations.others(got.given))
    first = {one.by for one in got.held}
    return tuple(one for one in found or () if one.by in first)


def barred(crew: Crew, at: Errand, situation: Situation) -> ForChecks | None:
    """The wait for whoever has reserved files for itself; None where nobody has, or when it took too long."""
    held, now = _alone(situation.request, situation.held), crew.store.clock()
    since = _found_at(crew, at, RESERVED)
    if not held or since is None or now >= since + crew.waits_for_files:
        return None
    ends = [one.until for one in held if one.until is not None]
    who = ", ".join(dict.fromkeys(one.by for one in held))
    return ForChecks(
        change=situation.change.id if situation.change else "",
        until=min(now + LOOKS_AGAIN, since + crew.waits_for_files, *ends),
        held_by=line(who, 200),
    )


def is_contended(situation: Situation) -> bool:
    """Whether a person must see that others kept files for themselves; where nobody is named, it goes on."""
    is_held = bool(_alone(situation.request, situation.held))
    return is_held and bool(situation.environment.approvers)


def _alone(request: Request, held: tuple[Held, ...]) -> tuple[Held, ...]:
    """What others hold for themselves; the way back waits for nobody."""
    return tuple(one for one in held if one.exclusive and request.kind is Kind.DEPLOY)


def _found_at(crew: Crew, at: Errand, kind: str) -> float | None:
    """When this deployment found that others hold its files, or have reserved them, in epoch seconds."""
    story = crew.store.events.of(at.deployment, limit=WHOLE_STORY)
    return next((one.at for one in story if one.kind == kind), None)


async def learn(crew: Crew, at: Errand, plan: Plan, *, was_good: bool, text: str) -> None:
    """Keep how it went, for whoever plans the next deployment of these files."""
    if crew.memory is None:
        return
    given = _given(crew, at)
    learning = Learning(
        key=f"deployment/{at.deployment}",
        service=plan.service,
        environment=plan.environment,
        was_good=was_good,
        text=line(text, 400),
        files=given.files if given else (),
        at=crew.store.clock(),
    )
    await _tried(crew, at, "memory", crew.executor.do(remembering(crew.memory), learning, at))


async def give_back(crew: Crew, at: Errand) -> None:
    """The files are worked on no longer."""
    given = _given(crew, at)
    if given is not None and crew.reservations is not None:
        call = crew.executor.do(releasing(crew.reservations), given, at)
        await _tried(crew, at, "reservations", call)


def _given(crew: Crew, at: Errand) -> Reservation | None:
    """What this deployment reserved last."""
    made = [one.receipt for one in crew.store.effects.of(at.deployment) if one.name == RESERVE]
    receipt = next((one for one in reversed(made) if one is not None), None)
    return Reserved.model_validate_json(receipt).given if receipt else None


async def _tried(crew: Crew, at: Errand, kind: str, asking: Awaitable[T]) -> T | None:
    """What came of it; where it fails, one line of the story says so."""
    try:
        return await asking
    except (OutsideFailed, OutcomeUnknown, NotFound, SettingsInvalid, KeyUnusable, SealBroken) as problem:
        crew.event(at, kind, f"goes on without its {kind}: {with_cure(problem)}")
        return None
