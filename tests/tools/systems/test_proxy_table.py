"""The proxy's table: what is accepted, and which servers are tried in which order."""

from __future__ import annotations

import json

import pytest

from tools.systems.proxy_server.table import Balance, Place, Table, TableInvalid

A1, A2, B1 = "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"
ONE_SLOT = Table({"a": (A1, A2)}, {"a": 100})
TWO_SLOTS = Table({"a": (A1, A2), "b": (B1,)}, {"a": 100, "b": 0})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"servers": {}}',
        '{"servers": {"a": "127.0.0.1:1"}, "weights": {}}',
        '{"servers": {"a": ["127.0.0.1"]}, "weights": {}}',
        '{"servers": {}, "weights": {"a": -1}}',
        '{"servers": {}, "weights": {"a": "1"}}',
        '{"servers": 1, "weights": {}}',
    ],
)
def test_what_is_not_a_table_is_refused(text: str) -> None:
    with pytest.raises(TableInvalid):
        Table.parse(text)


def test_a_table_survives_its_text() -> None:
    assert Table.parse(TWO_SLOTS.text()) == TWO_SLOTS
    assert json.loads(TWO_SLOTS.text())["weights"] == {"a": 100, "b": 0}


def test_the_server_with_the_fewest_open_requests_is_next() -> None:
    balance = Balance(ONE_SLOT)
    with balance.opened(Place("a", A1)):
        assert next(balance.places()) == ("a", A2)
        with balance.opened(Place("a", A2)), balance.opened(Place("a", A2)):
            assert next(balance.places()) == ("a", A1)


def test_idle_servers_take_turns() -> None:
    balance = Balance(ONE_SLOT)
    seen: list[str] = []
    for _ in range(4):
        place = next(balance.places())
        with balance.opened(place):
            seen.append(place.address)

    assert seen == [A1, A2, A1, A2]


def test_a_server_that_refused_is_tried_last() -> None:
    balance = Balance(ONE_SLOT)

    balance.rest(A1)

    assert [place.address for place in balance.places()] == [A2, A1]


def test_the_last_attempt_is_for_another_slot_with_a_share() -> None:
    balance = Balance(Table({"a": (A1, A2, "127.0.0.1:4"), "b": (B1,)}, {"a": 99, "b": 1}))

    assert [place.slot for place in balance.places()] == ["a", "a", "b"]


def test_a_slot_without_a_share_is_never_asked() -> None:
    assert {place.slot for place in Balance(TWO_SLOTS).places()} == {"a"}


def test_open_requests_are_counted_where_they_began() -> None:
    balance = Balance(ONE_SLOT)
    with balance.opened(Place("a", A1)):
        balance.replace(Table({"b": (B1,)}, {"b": 100}))

        assert balance.open() == {"b": 0, "a": 1}
    assert not balance.is_busy()


def test_new_servers_do_not_disturb_the_order_of_turns() -> None:
    balance = Balance(Table({"a": (A1,), "b": (B1,)}, {"a": 3, "b": 1}))
    before = [next(balance.places()).slot for _ in range(2)]

    balance.replace(Table({"a": (A2,), "b": (B1,)}, {"a": 3, "b": 1}))

    after = [next(balance.places()).slot for _ in range(2)]
    assert sorted(before + after) == ["a", "a", "a", "b"]
