"""What a tracker of others cannot keep for us is kept by the store."""

from __future__ import annotations

from orchestrate.store import Store


def test_what_was_kept_first_stays(any_store: Store) -> None:
    first = any_store.keepsakes.first("wording", {"c1": "a", "c2": "b"})
    again = any_store.keepsakes.first("wording", {"c1": "other", "c3": "c"})

    assert first == {"c1": "a", "c2": "b"}
    assert again == {"c1": "a", "c3": "c"}
    assert any_store.keepsakes.of("wording", ["c1", "c2", "c4"]) == {"c1": "a", "c2": "b"}


def test_kinds_know_nothing_of_each_other(any_store: Store) -> None:
    any_store.keepsakes.put("marker", "x", "T-1")

    assert any_store.keepsakes.of("wording", ["x"]) == {}


def test_another_value_takes_the_place_and_can_be_forgotten(any_store: Store) -> None:
    any_store.keepsakes.put("marker", "x", "T-1")
    any_store.keepsakes.put("marker", "x", "T-2")
    assert any_store.keepsakes.of("marker", ["x"]) == {"x": "T-2"}

    any_store.keepsakes.forget("marker", "x")

    assert any_store.keepsakes.of("marker", ["x"]) == {}


def test_thousands_of_keys_are_looked_up_at_once(any_store: Store) -> None:
    many = {str(number): "x" for number in range(1500)}

    assert any_store.keepsakes.first("wording", many) == many
