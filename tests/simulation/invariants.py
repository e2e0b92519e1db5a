"""The invariants by name: what must be true of every run, whatever went wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.simulation import machine, release
from tests.simulation.record import Record

Invariant = Callable[[Record], Iterator[str]]

INVARIANTS: Mapping[str, Invariant] = {
    "V1": release.v1,
    "V2": release.v2,
    "V3": release.v3,
    "V4": release.v4,
    "V5": release.v5,
    "V6": release.v6,
    "V7": release.v7,
    "V8": machine.v8,
    "V9": machine.v9,
    "V10": machine.v10,
    "V11": machine.v11,
    "V12": machine.v12,
    "V13": machine.v13,
    "V14": machine.v14,
    "V15": machine.v15,
    "V16": machine.v16,
    "STOP": machine.stop,
    "OURS": machine.own,
}


def violated(record: Record) -> list[str]:
    """What does not hold, each with the name of the invariant."""
    return [f"{name}: {said}" for name, check in INVARIANTS.items() for said in check(record)]
