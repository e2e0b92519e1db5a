"""What orchestrate.yaml takes from variables and from the vault, and how little is shown of it."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from orchestrate.errors import UnknownSecret, VariableMissing
from orchestrate.models.secret import Secret
from tests.orchestrate.written import production


def test_references_are_replaced_in_any_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PORT", "8123")
    line = "variables: {A: 'x ${SHOP_PORT}', B: '${NOT_SET:-two}', C: '$${SHOP_PORT}', D: $HOME}"

    environment = production(tmp_path, line, "url: http://127.0.0.1:${SHOP_PORT}").environment("production")

    assert environment.variables == {"A": "x 8123", "B": "two", "C": "${SHOP_PORT}", "D": "$HOME"}
    assert environment.url == "http://127.0.0.1:8123"


def test_what_a_variable_brings_in_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLY", "${OTHER}, [a]: {b}")

    environment = production(tmp_path, "url: ${SLY}").environment("production")

    assert environment.url == "${OTHER}, [a]: {b}"


def test_a_variable_without_a_value_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(VariableMissing, match=r"orchestrate.yaml:7: \$\{NOT_SET\} is not set") as caught:
        production(tmp_path, "url: ${NOT_SET}")

    assert (caught.value.name, caught.value.line, caught.value.cure) == ("NOT_SET", 7, "export NOT_SET=…")


def test_a_secret_is_no_part_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROD_PASSWORD", "hunter2")

    settings = production(
        tmp_path,
        "secrets: {PASSWORD: '${PROD_PASSWORD}'}",
        "variables: {A: 'x:${PASSWORD}', B: 'y:${PROD_PASSWORD}'}",
    )

    environment = settings.environment("production")
    assert environment.secrets == ("PASSWORD",)
    assert "hunter2" not in environment.model_dump_json() + repr(settings)
    assert settings.secret("prod", "PASSWORD").reveal() == "hunter2"
    assert [settings.filled("prod", text).reveal() for text in environment.variables.values()] == [
        "x:hunter2",
        "y:hunter2",
    ]


def test_only_the_environments_secrets_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "not for you")
    monkeypatch.setenv("PASSWORD", "hunter2")

    settings = production(tmp_path, "secrets: {PASSWORD: '${PASSWORD}'}")

    assert settings.filled("production", "${OTHER} ${PASSWORD} $HOME").reveal() == "${OTHER} hunter2 $HOME"


@pytest.mark.parametrize("value", [None, ""])
def test_a_secret_without_a_value_is_missed_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("NOT_SET", value)
    settings = production(tmp_path, "secrets: {PASSWORD: '${NOT_SET}'}")

    with pytest.raises(VariableMissing, match="NOT_SET"):
        settings.secret("production", "PASSWORD")


def test_a_secret_may_be_kept_in_the_vault(tmp_path: Path) -> None:
    settings = production(tmp_path, "secrets: {PASSWORD: {secret: db-password}}")

    def kept(environment: str, name: str) -> Secret:
        return Secret(f"{environment}/{name}")

    assert settings.environment("production").secrets == ("PASSWORD",)
    assert settings.secret("prod", "PASSWORD", kept).reveal() == "production/db-password"
    assert settings.filled("prod", "x ${PASSWORD}", kept).reveal() == "x production/db-password"
    with pytest.raises(UnknownSecret, match="db-password of production"):
        settings.secret("production", "PASSWORD")


def test_the_master_key_lies_beside_the_file_unless_it_is_named(tmp_path: Path) -> None:
    assert production(tmp_path).vault.key_file == tmp_path / ".orchestrate" / "master.key"
    assert production(tmp_path, top="vault: {key_file: k/one.key}").vault.key_file == tmp_path / "k/one.key"
    assert production(tmp_path, top="vault: {key_file: /etc/one.key}").vault.key_file == Path("/etc/one.key")


def test_a_secret_that_the_file_does_not_name_is_unknown(tmp_path: Path) -> None:
    settings = production(tmp_path, "secrets: {PASSWORD: '${NOT_SET}'}")

    with pytest.raises(UnknownSecret, match=r"'PASSWORT' \(known: PASSWORD\)"):
        settings.secret("production", "PASSWORT")


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")

    shown = f"{secret} {secret!r} {secret:>20} {[secret]} {secret}" + str(secret)

    assert "hunter2" not in shown
    assert copy.deepcopy([secret]) == [Secret("hunter2")]
    assert secret != Secret("other")
    assert secret != "hunter2"


@pytest.mark.parametrize("store", [pickle.dumps, json.dumps])
def test_a_secret_is_not_stored(store: object) -> None:
    assert callable(store)
    with pytest.raises(TypeError):
        store(Secret("hunter2"))
