"""The way back: in which order what was done is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from orchestrate.models.environment import Strategy
from orchestrate.models.move import Scale, SetTraffic, Start, Stop
from orchestrate.models.plan import PlannedMove, Shipped

Resizing = Start | Scale | Stop


def taken_back(
    moves: Sequence[PlannedMove], ships: Iterable[Shipped], *, careful: bool = False
) -> tuple[int, ...]:
    """The places of `moves` in the order in which they are taken back: the newest first.

    What rolled in bit by bit goes back at once: all old instances start beside the new ones, then all of
    the traffic goes to them, then the new ones stop; what would only lead half-way is left out. `careful`
    goes bit by bit there, too: it never needs more room than the way forward did.
    """
    rolled = {one.component for one in ships if one.strategy is Strategy.ROLLING and not careful}
    back = range(len(moves) - 1, -1, -1)
    runs = ((name, list(run)) for name, run in groupby(back, key=lambda one: moves[one].move.component))
    return tuple(one for name, run in runs for one in (_at_once(moves, run) if name in rolled else run))


def grows(step: PlannedMove) -> bool:
    """Whether taking the move back starts instances."""
    undo = step.undo
    return isinstance(undo, Start) or (isinstance(undo, Scale) and undo.instances > undo.was)


def _at_once(moves: Sequence[PlannedMove], run: list[int]) -> list[int]:
    """The undos of one component, as few as lead back, those that start something first."""
    undos = {one: moves[one].undo for one in run}
    sized = {one: undo for one, undo in undos.items() if isinstance(undo, Resizing)}
    is_bit_by_bit = any(isinstance(undo, Scale) for undo in sized.values())
    versions = {(undo.slot, undo.version.commit) for undo in sized.values()}
    if not is_bit_by_bit or len(versions) > len({slot for slot, _ in versions}):
        return run  # nothing rolled, or a slot had another version before, which first has to go
    up: list[int] = []
    down: list[int] = []
    for slot in dict.fromkeys(undo.slot for undo in sized.values()):
        mine = [one for one, undo in sized.items() if undo.slot == slot]
        first, last = mine[0], mine[-1]
        if _after(sized[last]) >= _before(sized[first]):
            up += dict.fromkeys((first, last)) if isinstance(sized[first], Start) else (last,)
        else:
            down.append(last)
    traffic = [one for one, undo in undos.items() if isinstance(undo, SetTraffic)][-1:]
    others = [one for one in run if not isinstance(undos[one], Resizing | SetTraffic)]
    return [*up, *traffic, *down, *others]


def _before(undo: Resizing) -> int:
    match undo:
        case Start():
            return 0
        case Scale():
            return undo.was
        case Stop():
            return undo.instances


def _after(undo: Resizing) -> int:
    return 0 if isinstance(undo, Stop) else undo.instances
