"""A log is made small before a model reads it, and the cause is still in it: logs of real programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.condensed import LONG, MOST_TOKENS, condensed, tokens

LOGS = Path(__file__).parent / "logs"
CAUSES = {
    "alembic": ["no such table: orders", "ALTER TABLE orders ADD COLUMN currency"],
    "cargo": ["mismatched types", "src/main.rs:251"],
    "docker_daemon": ["lstat /srv/Dockerfile: no such file"],
    "git_conflict": ["Merge conflict in f117", "f118 deleted in HEAD"],
    "git_fetch": ["'/nonexistent/shop.git' does not appear to be a git repository"],
    "go_test": ["invalid memory address or nil pointer dereference", "shop_test.go:3"],
    "haproxy_config": ["unable to find required default_backend: 'gren'"],
    "haproxy_down": ["green/one is DOWN", "Connection refused"],
    "java": ["NullPointerException", '"Shop$Rates.of(String)" is null', "Shop.total"],
    "kubectl_apply": ["127.0.0.1:9: connect: connection refused"],
    "kubectl_refused": ["The connection to the server 127.0.0.1:9 was refused"],
    "ld_undefined": ["undefined reference to `rate_of'"],
    "make_gcc": ["‘struct rate’ has no member named ‘currency’"],
    "node_port": ["EADDRINUSE"],
    "node_typeerror": ["Cannot read properties of undefined (reading 'cents')", "server.js:3"],
    "npm_build": ["Cannot find module './settings'"],
    "npm_ci": ["Missing: rates@2.0.0 from lock file"],
    "pip_build": ["No module named 'shop_build_settings'"],
    "pip_missing": ["No matching distribution found for shop-core>=2"],
    "postgres": ['column "currency" does not exist'],
    "prometheus_rule": ["rules.yml"],
    "pytest": ["KeyError: 'EUR'", "test_shop.py:4"],
    "python_server": ["KeyError: 'EUR'", "in rate"],
    "ssh_refused": ["port 9: Connection refused"],
    "tar_cut": ["Unexpected EOF in archive"],
    "tar_missing": ["rates.csv: Cannot stat: No such file"],
}


@cache
def log(name: str) -> tuple[str, ...]:
    file = LOGS / f"{name}.log"
    return tuple(file.read_text().splitlines()) if file.exists() else ()


def made(name: str) -> str:
    return condensed(log(name), log(f"{name}.ok"))


def test_each_log_of_the_set_has_its_cause() -> None:
    assert {file.stem for file in LOGS.glob("*.log")} - {"pytest.ok", "python_server.ok"} == set(CAUSES)
    assert sum(file.stat().st_size for file in LOGS.iterdir()) < 1_000_000


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_kept(name: str) -> None:
    text = made(name)

    assert [cause for cause in CAUSES[name] if cause not in text] == []
    assert tokens(text) <= MOST_TOKENS


def test_long_logs_become_at_least_25_times_smaller() -> None:
    ratios = {name: len("\n".join(log(name))) / len(made(name)) for name in CAUSES if len(log(name)) > LONG}

    assert len(ratios) >= 10
    assert math.prod(ratios.values()) ** (1 / len(ratios)) >= 25
    assert min(ratios.values()) >= 25, ratios


def test_what_the_last_good_run_wrote_too_is_left_out() -> None:
    lines = [f"ERROR cache 10.0.0.{n} refused" for n in range(500)]
    lines[250] = "ERROR rate of EUR is missing"

    text = condensed(lines, ["ERROR cache 10.0.0.7 refused"])

    assert "rate of EUR" in text and text.index("rate of EUR") < 60


def test_the_same_kind_of_line_is_told_once_with_how_often_it_came() -> None:
    lines = ["GET /" for _ in range(600)] + ["ERROR order 17 failed"] * 3

    assert "3× ERROR order 17 failed" in condensed(lines)


def test_a_short_log_stays_as_it_is() -> None:
    assert condensed(["a", "b", ""]) == "a\nb\n"


@pytest.mark.parametrize(
    "said", ["password=hunter22", "\x1b[31mtoken=hunter22\x1b[0m", "10 %\r99 %\rapi_key: hunter22"]
)
def test_no_secret_and_no_colour_is_in_it(said: str) -> None:
    for lines in ([said], [said, *["x"] * 900]):
        text = condensed(lines)
        assert "hunter22" not in text and "\x1b" not in text and "10 %" not in text


@settings(deadline=None, max_examples=60)
@given(some.lists(some.text(max_size=2000), max_size=20), some.integers(1, 40), some.integers(50, 1500))
def test_whatever_was_logged_it_fits(lines: Sequence[str], times: int, most: int) -> None:
    assert tokens(condensed([*lines] * times, (), most)) <= max(most, 320)
