"""Turns are dealt exactly and evenly."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some

from tools.systems.shares import Shares

weights = some.dictionaries(some.sampled_from("abcdef"), some.integers(0, 100), max_size=6)


@given(weights)
def test_every_cycle_gives_each_slot_its_weight(weights: dict[str, int]) -> None:
    shares = Shares(weights)

    turns = Counter(shares.turn() for _ in range(2 * sum(weights.values())))

    assert turns == Counter({slot: 2 * weight for slot, weight in weights.items() if weight})


def test_turns_are_spread_within_the_cycle() -> None:
    shares = Shares({"old": 3, "new": 1})

    assert "".join(shares.turn() or "" for _ in range(8)).replace("old", "o").replace("new", "n") in (
        "oonooono",
        "onooonoo",
    )


def test_nobody_has_a_turn_without_a_share() -> None:
    assert Shares({"blue": 0}).turn() is None
