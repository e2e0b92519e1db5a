"""Reading: where an environment's secrets come from, and what a process keeps out of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrate.errors import UnknownSecret
from orchestrate.models.environment import Environment
from orchestrate.models.secret import Secret, held
from orchestrate.settings import Settings, load
from orchestrate.settings.settings import Kept
from orchestrate.vault.reading import Reading, acquaint

FILE = """
service: shop
store: {url: "postgresql+psycopg://shop:p%40ss-of-the-store@127.0.0.1/shop"}
forge: {remote: "https://token-of-the-remote@git.invalid/shop.git"}
environments:
  production:
    type: production
    secrets: {KEY: {secret: api-key}, URL: "https://${SHOP_USER}:${SHOP_TOKEN}@api.invalid"}
    components: [{name: web, run: [serve]}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "orchestrate.yaml").write_text(FILE)
    return load(tmp_path / "orchestrate.yaml")


def vault(values: Mapping[tuple[str, str], str]) -> Kept:
    def kept(environment: str, name: str) -> Secret:
        if (environment, name) not in values:
            raise UnknownSecret(name)
        return Secret(values[environment, name])

    return kept


def made(settings: Settings) -> Environment:
    """An environment of the store."""
    found = settings.environment("production")
    return found.model_copy(update={"name": "preview", "secrets": ("KEY", "TOKEN")})


def test_an_environment_of_the_file_reads_what_the_file_says(settings: Settings) -> None:
    kept = vault({("production", "api-key"): "the-value"})
    reading = Reading(settings, settings.environment("production"), kept)

    assert reading.value("KEY") == "the-value"
    assert reading.filled("x=${KEY}") == "x=the-value"
    with pytest.raises(UnknownSecret):
        reading.value("api-key")


def test_an_environment_of_the_store_reads_the_vault_and_then_a_variable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "from-a-variable")
    monkeypatch.setenv("KEY", "not-this-one")
    reading = Reading(settings, made(settings), vault({("preview", "KEY"): "from-the-vault"}))

    assert (reading.value("KEY"), reading.value("TOKEN")) == ("from-the-vault", "from-a-variable")
    assert reading.filled("${KEY} ${TOKEN} ${HOME}") == "from-the-vault from-a-variable ${HOME}"
    monkeypatch.delenv("TOKEN")
    with pytest.raises(UnknownSecret):
        reading.value("TOKEN")


def test_a_process_knows_every_secret_from_its_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_USER", "the-shop-user")
    monkeypatch.setenv("SHOP_TOKEN", "the-shop-token")
    everything = [settings.environment("production"), made(settings)]

    acquaint(settings, everything, vault({("production", "api-key"): "the-value"}))

    assert held() >= {
        "the-value",
        "the-shop-token",
        "https://the-shop-user:the-shop-token@api.invalid",
        "p@ss-of-the-store",
        "p%40ss-of-the-store",
        "token-of-the-remote",
    }
