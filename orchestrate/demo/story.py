"""The story: what the store's events say to somebody who sees all this for the first time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from orchestrate.demo.chapters import chapter
from orchestrate.demo.prepare import Errand
from orchestrate.models.deployment import Deployment, Event, Outcome, Stage, Status
from orchestrate.models.fact import Fact
from orchestrate.models.move import Backup, Move, SetTraffic, Start, words
from orchestrate.models.plan import Plan
from orchestrate.outside import visible
from orchestrate.store import Store

LONGEST = 220  # characters of what others wrote
BATCH = 1000


class Tone(StrEnum):
    """How a line is meant."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    NOTE = "note"  # the demo's own words


class Line(Fact):
    """One happening."""

    at: float  # epoch seconds
    who: str = ""
    where: str = ""
    text: str
    tone: Tone = Tone.PLAIN


Said = tuple[str, Tone]


@dataclass
class Story:
    """Gives each happening once, from `seen` on: the number of the last event that is known."""

    store: Store
    errands: Sequence[Errand]
    folder: str  # is left away from paths
    seen: int = 0
    ended: set[str] = field(default_factory=set[str])
    _plans: dict[str, Plan] = field(default_factory=dict[str, Plan])

    def skip(self) -> None:
        """What happened before is known."""
        newest = self.store.events.tail(1)
        self.seen = newest[-1].seq if newest else 0
        self.ended = {row.id for row in self._rows() if row.status is Status.FINISHED}

    def news(self) -> list[Line]:
        """What happened since the last look."""
        events = self.store.events.after(self.seen, limit=BATCH)
        self.seen = events[-1].seq if events else self.seen
        ends = [self._end(row) for row in self._rows() if self._is_new_end(row)]
        return sorted([*self._told(events), *ends], key=lambda one: one.at)

    def _told(self, events: Iterable[Event]) -> Iterator[Line]:
        for (_, is_gate), group in groupby(events, key=lambda one: (one.deployment, one.kind == "gate")):
            several = tuple(group)
            for part in (several,) if is_gate else ((one,) for one in several):
                said = gates(part) if is_gate else self._said(part[0])
                if said is not None:
                    yield self._line(part[0], *said)

    def _said(self, event: Event) -> Said | None:
        if event.kind == "moved_on":
            return self._moved(event)
        if event.kind == "stage":
            return self._picked_up(event) if event.stage is Stage.PICK_UP else None
        speak = WORDS.get(event.kind, _otherwise)
        return speak(event) if speak else None

    def _picked_up(self, event: Event) -> Said:
        row = self.store.deployments.deployment(event.deployment)
        errand = next((one for one in self.errands if one.task == row.request.task), None)
        if errand is None or row.request.parent is not None:
            return f"picked up for {row.environment}", Tone.PLAIN
        return f"picked up: {chapter(errand.name).ahead}", Tone.NOTE

    def _moved(self, event: Event) -> Said:
        plan = self._plan(event.deployment)
        if plan is None:
            return event.text, Tone.PLAIN
        index = int(event.data.get("index", "0"))
        said = move_words(plan.moves[index].move, plan)
        if isinstance(plan.moves[index].move, Backup):
            said = f"{said}: {event.text.partition(': ')[0]}"
        return f"move {index + 1} of {len(plan.moves)}: {said}", Tone.PLAIN

    def _plan(self, deployment: str) -> Plan | None:
        if deployment not in self._plans:
            row = self.store.deployments.deployment(deployment)
            if row.plan_hash is None:
                return None
            self._plans[deployment] = self.store.plans.plan(row.plan_hash)
        return self._plans[deployment]

    def _line(self, event: Event, text: str, tone: Tone) -> Line:
        who, where = self._about(event.deployment)
        return Line(at=event.at, who=who, where=where, text=self._short(text), tone=tone)

    def _about(self, deployment: str) -> tuple[str, str]:
        if not deployment:
            return "", ""
        row = self.store.deployments.deployment(deployment)
        errand = next((one for one in self.errands if one.task == row.request.task), None)
        return (chapter(errand.name).label if errand else row.id[-6:]), row.environment

    def _short(self, text: str) -> str:
        plain = " ".join(visible(text).replace(f"{self.folder}/", "").split())
        return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"

    def _rows(self) -> list[Deployment]:
        found = (self.store.deployments.latest(task=errand.task, limit=10) for errand in self.errands)
        return [row for rows in found for row in reversed(rows)]

    def _is_new_end(self, row: Deployment) -> bool:
        if row.status is not Status.FINISHED or row.id in self.ended:
            return False
        self.ended.add(row.id)
        return True

    def _end(self, row: Deployment) -> Line:
        who, where = self._about(row.id)
        at = row.finished_at.timestamp() if row.finished_at else self.store.clock()
        text, tone = ENDS.get(row.outcome or Outcome.PARKED, ("", Tone.BAD))
        said = text or f"{row.outcome}: {row.reason}"
        return Line(at=at, who=who, where=where, text=self._short(said), tone=tone)


def gates(events: Sequence[Event]) -> Said:
    """How many gates pass, and what the others say; one that fails matters more than one that is unknown."""
    shut = [one for one in events if one.data.get("finding") != "pass"]
    if not shut:
        return f"all {len(events)} gates pass", Tone.PLAIN
    failed = [one for one in shut if one.data.get("finding") == "fail"]
    names = "; ".join(f"{one.data.get('gate', '').replace('_', ' ')}: {one.text}" for one in failed or shut)
    return f"{len(events) - len(shut)} of {len(events)} gates pass, but {names}", Tone.BAD


def move_words(move: Move, plan: Plan) -> str:
    """A move in plain words; of the slots, it is said which one is new."""
    match move:
        case SetTraffic(weights=weights):
            new = {one.move.slot for one in plan.moves if isinstance(one.move, Start)}
            return shares(weights, new)
        case Backup():
            return "backup"
        case _:
            return words(move).removeprefix(f"{move.component}: ")


def shares(weights: Mapping[str, int], new: set[str]) -> str:
    """Who gets how much of the traffic, the new version first."""
    ordered = sorted(weights.items(), key=lambda one: one[0] not in new)
    named = [(share, f"{slot} (new)" if slot in new else slot) for slot, share in ordered]
    if len(named) == 1:
        return f"all customers to {named[0][1]}"
    return f"customers: {', '.join(f'{share} % to {name}' for share, name in named)}"


def _decided(event: Event) -> Said:
    kind = event.text.rpartition(" ")[2]
    return f"{ANSWERS.get(kind, kind)} by {event.data.get('by', 'somebody')}", Tone.NOTE


def _verdict(event: Event) -> Said:
    match event.data.get("verdict"):
        case "pass":
            return f"good: {event.text}", Tone.GOOD
        case "fail":
            return f"BAD: {event.text}", Tone.BAD
        case _:
            return f"not clear: {event.text}", Tone.PLAIN


def _failed(event: Event) -> Said | None:
    is_told = event.data.get("failure") == "regression"  # by the verdict
    return None if is_told else (f"failed: {event.text}", Tone.BAD)


def _otherwise(event: Event) -> Said:
    return f"{event.kind.replace('_', ' ')}: {event.text}", Tone.PLAIN


def _as_it_is(event: Event) -> Said:
    return event.text, Tone.PLAIN


def _good_as_it_is(event: Event) -> Said:
    return event.text, Tone.GOOD


ANSWERS = {"hold": "held", "roll_back": "sent back"}

WORDS: Mapping[str, Callable[[Event], Said | None] | None] = {
    "move": None,  # told when it is done
    "undo": None,
    "kept": None,
    "blocked": None,  # the gates and the end say so
    "probe": None,
    "new_lines": None,
    "decided": _decided,
    "merged": _as_it_is,
    "built": lambda event: (f"built {event.text}", Tone.PLAIN),
    "verified": lambda event: (f"checked {event.text}", Tone.PLAIN),
    "verdict": _verdict,
    "report": _as_it_is,
    "failed": _failed,
    "undone": lambda event: (f"taken back: {event.text}", Tone.PLAIN),
    "rollback_verified": _good_as_it_is,
    "quarantined": _as_it_is,
    "revert": lambda event: (f"revert prepared: {event.text}", Tone.PLAIN),
    "workspace": _as_it_is,
}

ENDS: Mapping[Outcome, Said] = {
    Outcome.DEPLOYED: ("deployed", Tone.GOOD),
    Outcome.BLOCKED: ("blocked: nothing was changed", Tone.BAD),
    Outcome.CONFLICT: ("nothing was deployed; its task is in the conflict-resolution queue", Tone.BAD),
    Outcome.ROLLED_BACK: ("rolled back; the fix task is filed", Tone.BAD),
    Outcome.HELD: ("nothing was changed", Tone.BAD),
}
