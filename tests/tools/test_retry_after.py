from __future__ import annotations

import pytest

from tools.retry_after import LONGEST, retry_after

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
        ({"retry-after": "9" * 12}, LONGEST),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000090"}, 91),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000000"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "1800000090"}, 91),
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000090"}, 5),
    ],
)
def test_what_is_asked_for_is_read_in_every_form(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "soon"},
        {"retry-after": "-5"},
        {"retry-after": "1e9"},
        {"retry-after": "²"},
        {"retry-after": "9" * 400},
        {"retry-after": "Fri, 99 Foo 2027"},
        {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1800000090"},
        {"x-ratelimit-remaining": "0"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"},
    ],
)
def test_what_makes_no_sense_is_not_said(headers: dict[str, str]) -> None:
    assert retry_after(headers, NOW) is None
