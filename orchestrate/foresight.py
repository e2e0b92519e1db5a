"""Foresight: what would run after a move, and what takes moves back, without touching anything."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.move import (
    Analyse,
    Backup,
    Drain,
    Irreversible,
    Migrate,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
    Weights,
    undo_of,
)
from orchestrate.models.runtime import Running, Slot


def after(running: Running, move: Move) -> Running:
    """What would run after `move`: versions, counts and shares; instances are not invented."""
    match move:
        case Start() | Scale():
            slot = Slot(name=move.slot, version=move.version, wanted=move.instances)
            others = tuple(one for one in running.slots if one.name != move.slot)
            return running.model_copy(update={"slots": tuple(sorted((*others, slot), key=lambda s: s.name))})
        case Stop():
            left = tuple(one for one in running.slots if one.name != move.slot)
            return running.model_copy(update={"slots": left, "weights": _whole(running.weights, left)})
        case SetTraffic():
            return running.model_copy(update={"weights": dict(move.weights)})
        case Drain() | Backup() | Migrate() | Verify() | Analyse():
            return running


def after_all(running: Running, taken: Iterable[Move]) -> Running:
    """What would run after every move of `taken` that is about this component."""
    for move in taken:
        if move.component == running.component:
            running = after(running, move)
    return running


def served(running: Running) -> Weights:
    """The shares that reach an instance: what an empty slot should have goes to the others."""
    return _whole(running.weights, filled(running))


def _whole(weights: Weights, slots: tuple[Slot, ...]) -> Weights:
    """The shares of `slots` alone, adding up to 100 again; empty when they have none."""
    left = {slot.name: share for slot in slots if (share := weights.get(slot.name, 0))}
    total = sum(left.values())
    scaled = {name: share * 100 // total for name, share in left.items()}
    rest = 100 - sum(scaled.values())
    return {name: share + (rest if name == next(iter(left)) else 0) for name, share in scaled.items()}


def filled(running: Running) -> tuple[Slot, ...]:
    """The slots in which something is meant to run."""
    return tuple(slot for slot in running.slots if slot.version is not None and slot.wanted > 0)


def undos(done: Iterable[Move]) -> tuple[Move, ...]:
    """What takes `done` back: the undos in reverse, without those that have a reason not to exist."""
    found = [undo_of(move) for move in reversed(tuple(done))]
    return tuple(undo for undo in found if not isinstance(undo, Irreversible))
