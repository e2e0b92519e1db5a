"""Two hundred seeds; and that a seed is the same every time, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.store import rows
from tests.simulation.checking import REPLAY, checked
from tests.simulation.invariants import violated
from tests.simulation.simulation import run
from tests.simulation.troubles import Trouble
from tools.executor import Executor
from tools.guards import Guards
from tools.hearing import Hearing

REPOSITORY = Path(__file__).parents[2]
SEEDS, PARTS = 200, 8
"""In every `make test`; `make simulate SEEDS=…` runs any number."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_invariant_holds_whatever_the_seed_does(part: int) -> None:
    found = [checked(seed) for seed in range(part, SEEDS, PARTS)]
    wrong = [(seed, said) for seed, said in found if said]

    assert not wrong, "\n".join(f"seed {seed}: {said}\n{REPLAY.format(seed=seed)}" for seed, said in wrong)


def test_a_seed_is_replayed_to_the_byte_by_another_process() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--seed", "15"]
    surroundings = {**os.environ, "PYTHONHASHSEED": "4711"}

    replayed = subprocess.run(words, cwd=REPOSITORY, env=surroundings, capture_output=True, check=True)

    assert replayed.stdout.decode() == "\n".join(run(15).trace) + "\n"


async def nothing(*_: object) -> None:
    """A guard that agrees to everything, and a look that sees nothing."""


async def no_objection(*_: object) -> str:
    return ""


def as_it_is(text: str) -> str:
    return text


MUTANTS: dict[str, tuple[object, str, object, tuple[Trouble, ...], int]] = {
    "V2": (Executor, "_happened", nothing, (Trouble.CRASH_AT_DOOR, Trouble.LOST_ANSWER), 4),
    "V3": (Guards, "plan_is_approved", nothing, (Trouble.UNREADY,), 0),
    "V3 said": (
        Hearing,
        "objection",
        no_objection,
        (Trouble.DELETE, Trouble.EDIT, Trouble.HOLD),
        12,
    ),
    "V16": (rows, "without_secrets", as_it_is, (Trouble.BAD,), 0),
    "STOP": (Guards, "effects_may_begin", nothing, (Trouble.STOP, Trouble.ERRORS), 14),
}
"""What is taken out, the troubles in which the invariant of that name misses it, and the first seed."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_product_without_a_guard_is_noticed_within_a_few_seeds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, what, instead, troubles, first = MUTANTS[name]
    monkeypatch.setattr(where, what, instead)

    found = (violated(run(seed, troubles)) for seed in range(first, first + 40))

    assert any(one.startswith(f"{name.split()[0]}:") for several in found for one in several)
