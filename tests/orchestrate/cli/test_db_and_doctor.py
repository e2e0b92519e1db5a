"""The store's own commands, and the doctor."""

from __future__ import annotations

import shutil

import pytest

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop


def test_the_store_is_where_it_is_said_to_be(shop: Shop, command: Command) -> None:
    file = shop.folder / ".orchestrate" / "orchestrate.db"

    assert command("db", "path").out == f"{file}\n"
    assert not file.exists()


def test_a_password_is_not_shown(shop: Shop, command: Command) -> None:
    shop.settings.write_text(shop.settings.read_text() + "store: {url: 'postgresql://me:secret@db/shop'}\n")

    said = command("db", "path").out

    assert "secret" not in said and "@db/shop" in said


def test_a_store_is_made_and_found_sound(shop: Shop, command: Command) -> None:
    assert command("db", "check").code == 3
    assert command("db", "upgrade").code == 0
    assert command("db", "upgrade").code == 0
    assert command("db", "check", "--json").data["sound"] is True


def test_a_healthy_place_passes(shop: Shop, command: Command) -> None:
    ran = command("doctor", "--json")

    found = {one["what"]: one["state"] for one in ran.data["findings"]}  # pyright: ignore
    assert ran.code == 0
    assert found["settings"] == found["store"] == found["remote"] == found["environment test"] == "ok"
    assert found["you"] == "ok"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("service: shop", "servise: shop", "unknown key 'servise'"),
        ("base: main", "base: nowhere", "there is no version 'nowhere'"),
        ("./shop.git", "./nothing.git", "remote"),
        ("type: dev", "type: production", "asks a person, and has no approvers"),
        ("strategy: recreate", "secrets: {TOKEN: '${NOT_SET_ANYWHERE}'}", "secrets without a value: TOKEN"),
    ],
)
def test_what_fails_is_said_with_a_cure(
    shop: Shop, command: Command, before: str, after: str, said: str
) -> None:
    shop.settings.write_text(shop.settings.read_text().replace(before, after))

    ran = command("doctor")

    assert ran.code == 1
    assert said in ran.out and "fail" in ran.out


def test_a_corrupt_store_is_found(shop: Shop, command: Command) -> None:
    command("db", "upgrade")
    shutil.copy(shop.settings, shop.folder / ".orchestrate" / "orchestrate.db")

    ran = command("doctor")

    assert ran.code == 1
    assert "restore a backup" in ran.out


def test_a_memory_that_is_away_is_said_and_fails_nothing(shop: Shop, command: Command) -> None:
    sections = (
        "memory: {kind: cm, program: ./no-cm}\nreservations: {kind: agent_mail, url: 'http://127.0.0.1:9/'}\n"
    )
    shop.settings.write_text(shop.settings.read_text() + sections)

    ran = command("doctor")

    assert ran.code == 0
    assert ran.out.count("deployments go on without it") == 2
    assert command("deploy", "--env", "test").code == 0
