"""GitHub on the command line: what is looked at, what is said of it, and what is not done here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.forge_world import World, on_github, ready
from tests.orchestrate.cli.world import Shop
from tests.servers.github import Github

TOKEN = {"GITHUB_TOKEN": "the-token"}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Github]:
    with on_github(tmp_path) as (forge, here):
        ready(World(forge, here.world.repository))
        here.world.open("Say hello", "feature", "main", author="uma")
        yield here


@pytest.fixture
def shop(github: Github, tmp_path: Path) -> Shop:
    (tmp_path / "shop").mkdir()
    shop = Shop(tmp_path / "shop")
    forge = f"forge: {{kind: github, repository: acme/shop, api: '{github.api}', token: '${{GITHUB_TOKEN}}'}}"
    text = shop.settings.read_text()
    shop.settings.write_text(text.replace("forge: {remote: ./shop.git, base: main}", forge))
    return shop


def test_the_doctor_tries_every_permission(shop: Shop) -> None:
    ran = shop.run("doctor", "--json", timeout=60, **TOKEN)

    found = {one["what"]: one for one in ran.data["findings"]}  # pyright: ignore
    assert (found["remote"]["state"], found["GitHub"]["state"]) == ("ok", "ok")  # pyright: ignore
    assert "acme/shop on GitHub" in str(found["remote"])  # pyright: ignore[reportUnknownArgumentType]


def test_the_doctor_names_what_is_lacking(shop: Shop, github: Github) -> None:
    github.world.writers.clear()

    ran = shop.run("doctor", timeout=60, **TOKEN)

    assert ran.code == 1
    assert "GitHub contents: try: give the token, or the App, write access" in ran.out + ran.err
    ran.check_calm()


@pytest.mark.parametrize(
    ("variables", "said"),
    [({}, "${GITHUB_TOKEN} is not set"), ({"GITHUB_TOKEN": "ghp_wrong"}, "does not know our token")],
)
def test_the_doctor_says_what_is_wrong_with_the_token(
    shop: Shop, variables: dict[str, str], said: str
) -> None:
    ran = shop.run("doctor", timeout=60, **variables)

    assert ran.code == 1
    assert said in ran.out + ran.err
    assert "ghp_wrong" not in ran.out + ran.err
    ran.check_calm()


def test_a_pull_request_is_shown(shop: Shop, github: Github) -> None:
    github.world.review(1, "bob", "APPROVED")

    ran = shop.run("change", "show", "#1", timeout=60, **TOKEN)

    assert ran.code == 0
    assert "feature → main, open, by uma" in ran.out
    assert "bob" in ran.out


def test_what_is_done_on_github_is_not_done_here(shop: Shop) -> None:
    ran = shop.run("change", "review", "1", timeout=60, **TOKEN)

    assert ran.code != 0
    assert "on GitHub" in ran.err
