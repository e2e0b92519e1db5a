"""Health checks of an environment, held to what answers there."""

from __future__ import annotations

import yaml

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.servers.answering import Reply, answering, pages


def moved(shop: Shop, address: str, health: str) -> None:
    """The shop's public port is that of `address`, and its health is asked for as `health` says."""
    words = shop.settings.read_text().replace(f"port: {shop.port}", f"port: {address.rpartition(':')[2]}")
    head, _, _ = words.rpartition("        health: ")
    shop.settings.write_text(f"{head}        health: {health}\n")


def test_a_check_that_is_met_is_said_with_its_time(shop: Shop, command: Command) -> None:
    with answering(pages({"/health": Reply(body='{"status": "ok"}')})) as address:
        moved(shop, address, "{path: /health, expect: {status: ok}}")
        ran = command("env", "health", "test")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("web: /health answers as it must, in ") and "better" not in ran.out


def test_a_check_that_is_not_met_ends_with_1_and_a_better_one(shop: Shop, command: Command) -> None:
    with answering(pages({"/healthz": Reply(body="ok")})) as address:
        moved(shop, address, "{path: /health}")
        ran, told = command("env", "health", "test"), command("env", "health", "test", "--json")

    assert ran.code == told.code == 1
    why = "/health answered 404 instead of 200"
    better = f"better: health: {{path: /healthz}}, for {why}; /healthz answers 200"
    assert ran.out == f"web: {why}\n  {better}\n"
    (part,) = yaml.safe_load(told.out)["components"]
    assert (part["is_met"], [one["key"] for one in part["advice"]]) == (False, ["path"])


def test_a_place_where_nobody_answers_proposes_nothing(shop: Shop, command: Command) -> None:
    ran = command("env", "health", "test")

    assert ran.code == 1 and f"127.0.0.1:{shop.port}" in ran.out and "better" not in ran.out
