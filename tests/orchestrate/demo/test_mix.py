from __future__ import annotations

from collections import Counter
from itertools import islice

from orchestrate.demo.mix import Mix, calls


def test_the_same_seed_gives_the_same_requests() -> None:
    assert list(islice(calls(Mix.PRODUCTION, 3), 500)) == list(islice(calls(Mix.PRODUCTION, 3), 500))
    assert list(islice(calls(Mix.PRODUCTION, 3), 500)) != list(islice(calls(Mix.PRODUCTION, 4), 500))


def test_of_every_twenty_customers_two_are_japanese_and_one_is_swiss() -> None:
    sent = calls(Mix.PRODUCTION, 3)

    for _ in range(20):
        countries = Counter(call.target[-2:] for call in islice(sent, 20))
        assert (countries["JP"], countries["CH"]) == (2, 1)


def test_staging_never_says_a_country() -> None:
    assert not [call for call in islice(calls(Mix.STAGING, 3), 500) if "country" in call.target]


def test_a_tenth_of_the_requests_are_orders() -> None:
    methods = Counter(call.method for call in islice(calls(Mix.PRODUCTION, 3), 2000))

    assert 150 < methods["POST"] < 250
