"""Environments: created beside those of the settings, looked at, exchanged as YAML, and forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestrate.cli.env.yaml import as_words, read_file
from orchestrate.settings import load
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.servers.ports import free_port

FULL = """
service: shop
environments:
  production:
    type: production
    url: https://shop.example.test
    strategy: canary
    canary: {5 %: 10m, 50 %: 5m}
    approvers: [ada]
    window: {days: [mon, tue], start: "09:00", end: "16:00", zone: Europe/Vienna}
    variables: {COLOUR: blue, DOLLAR: "$${HOME}"}
    secrets: {TOKEN: "${SHOP_TOKEN}"}
    triggers: {error_rate: 0.25 %, response_time_p99: 800ms, window: 1m}
    monitoring: {period: 30m, alerts: [errors]}
    gates: {checks: [tests], disk: 80 %, wait_for_approvals: 5m}
    requires_approval: true
    components:
      - name: web
        run: [python3, server.py, "{port}"]
        port: 8080
        drain_seconds: 20s
        health: {path: /ready, timeout: 1s}
        smoke:
          - {kind: http, name: page, path: /, within: 1s, secret: TOKEN}
          - {kind: tcp, name: port, host: 127.0.0.1, port: 8080}
        database: {url: "postgresql://shop:${TOKEN}@db/shop", dialect: postgres}
      - name: jobs
        run: [python3, jobs.py]
        memory_limit: 256
people: {ada: {cli: ada}}
"""


def test_one_is_created_from_options(shop: Shop, command: Command) -> None:
    made = command(
        "env", "create", "preview", "--type", "dev", "--port", "8090",
        "--run", "python3 'my server.py' {port}", "--strategy", "rolling", "--secret", "TOKEN", "--json",
    )  # fmt: skip

    assert made.code == 0
    [_, preview] = yaml.safe_load(command("env", "list", "--json").out)["environments"]
    assert (preview["name"], preview["from"]) == ("preview", "created")
    text = command("env", "export", "preview").out
    assert yaml.safe_load(text)["environments"]["preview"]["components"][0]["run"] == [
        "python3",
        "my server.py",
        "{port}",
    ]


def test_a_wrong_option_is_said_as_the_settings_would(shop: Shop, command: Command) -> None:
    ran = command("env", "create", "preview")

    assert ran.code == 2
    assert "missing key 'run'" in ran.err


@pytest.mark.parametrize("name", ["test", "preview"])
def test_a_name_is_taken_once(shop: Shop, command: Command, name: str) -> None:
    create = ("env", "create", name, "--run", "python3 server.py")
    command(*create)

    ran = command(*create)

    assert ran.code == 1
    assert "whose word counts" in ran.err or "was created before" in ran.err


def test_what_is_exported_is_read_again_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "orchestrate.yaml"
    file.write_text(FULL)
    settings = load(file)
    production = settings.environment("production")

    words = {"environments": {"production": as_words(production, settings)}}
    other = tmp_path / "exported.yaml"
    other.write_text(yaml.safe_dump(words, allow_unicode=True))

    assert read_file(other, settings) == (production,)


def test_secrets_leave_as_references_alone(
    folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-value")
    (folder / "orchestrate.yaml").write_text(FULL)

    text = command("env", "export").out

    assert "very-secret-value" not in text
    assert "${SHOP_TOKEN}" in text and "shop:${TOKEN}@db" in text and "$${HOME}" in text


def test_a_file_is_brought_in_and_replaces_what_it_brought_before(
    shop: Shop, command: Command, folder: Path
) -> None:
    file = folder / "more.yaml"
    file.write_text("environments: {qa: {type: staging, components: [{name: web, run: [a]}]}}")
    assert command("env", "import", str(file)).code == 0
    file.write_text("environments: {qa: {type: dev, components: [{name: web, run: [a]}]}}")

    command("env", "import", str(file))

    assert "qa    dev" in command("env", "list").out


def test_a_wrong_file_is_refused_with_its_line(shop: Shop, command: Command, folder: Path) -> None:
    (folder / "more.yaml").write_text("environments:\n  qa:\n    typo: dev\n")

    ran = command("env", "import", "more.yaml")

    assert ran.code == 2
    assert "more.yaml:3: unknown key 'typo'; did you mean 'type'?" in ran.err


def test_an_idle_one_is_forgotten(shop: Shop, command: Command) -> None:
    command("env", "create", "preview", "--run", "python3 server.py")

    assert command("env", "delete", "preview").code == 0
    assert "preview" not in command("env", "list").out


def test_one_where_something_runs_is_forgotten_only_with_what_runs_there(
    shop: Shop, command: Command, folder: Path
) -> None:
    shop.write("one")
    other = shop.settings.read_text().partition("environments:")[2].replace("test:", "preview:", 1)
    (folder / "more.yaml").write_text(f"environments:{other}".replace(str(shop.port), str(free_port())))
    assert command("env", "import", "more.yaml").code == 0
    assert command("deploy", "--env", "preview").code == 0

    refused = command("env", "delete", "preview")

    assert (refused.code, "preview still runs web/blue" in refused.err) == (1, True)
    (record,) = [one for one in folder.rglob("blue.json") if "preview" in one.parts]
    kept = record.read_text()
    record.write_text("{")
    nameless = command("env", "delete", "preview", "--stop")
    assert (nameless.code, "nobody knows which version" in nameless.err) == (1, True), nameless.err
    record.write_text(kept)
    assert command("env", "delete", "preview", "--stop").code == 0


def test_a_name_of_the_settings_is_not_taken_by_a_file(shop: Shop, command: Command, folder: Path) -> None:
    file = folder / "more.yaml"
    file.write_text("environments: {test: {type: dev, components: [{name: web, run: [a]}]}}")

    ran = command("env", "import", str(file))

    assert (ran.code, "whose word counts" in ran.err) == (1, True)


def test_one_of_the_settings_is_not_forgotten(shop: Shop, command: Command) -> None:
    ran = command("env", "delete", "test")

    assert ran.code == 1
    assert "take it out there" in ran.err


def test_an_environment_where_nothing_runs_says_so(shop: Shop, command: Command) -> None:
    ran = command("env", "show", "test")

    assert ran.code == 0
    assert "web: http://127.0.0.1" in ran.out and "nothing is live" in ran.out


def test_an_environment_is_frozen_with_owner_reason_and_end_and_thawed(shop: Shop, command: Command) -> None:
    shop.write("hello")

    frozen = command("env", "freeze", "test", "--for", "2h", "--reason", "database moves")
    blocked = command("deploy", "run", "--env", "test")
    shown = command("env", "list")
    thawed = command("env", "thaw", "test")
    again = command("env", "thaw", "test")

    assert frozen.out.startswith("test is frozen by ada until ") and "database moves" in frozen.out
    assert blocked.code == 1 and "frozen by ada" in blocked.out + blocked.err
    assert "frozen by ada" in shown.out
    assert thawed.code == 0 and again.code == 1 and "nobody froze test" in again.err


@pytest.mark.parametrize(
    "words",
    [
        ("--reason", "x"),
        ("--for", "2h", "--until", "2099-01-01", "--reason", "x"),
        ("--for", "soon", "--reason", "x"),
        ("--until", "later", "--reason", "x"),
        ("--for", "2h", "--reason", " "),
    ],
)
def test_a_freeze_without_an_end_or_a_reason_is_explained(
    shop: Shop, command: Command, words: tuple[str, ...]
) -> None:
    ran = command("env", "freeze", "test", *words)

    assert ran.code == 2 and "expected" in ran.err
    ran.check_calm()


def test_only_those_who_may_overrule_freeze(command: Command, shop: Shop) -> None:
    shop.settings.write_text(shop.settings.read_text().replace("roles: [approver]", "roles: []"))

    ran = command("env", "freeze", "test", "--for", "2h", "--reason", "x")

    assert ran.code != 0 and "neither the role operator nor approver" in ran.err
