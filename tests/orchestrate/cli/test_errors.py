"""Whatever is wrong, a person gets one line with a cure, the right exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrate.cli import glance
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

NOBODY = 65534
READERS = [
    ("deploy", "status"),
    ("deploy", "history"),
    ("deploy", "status", "01KA"),
    ("deploy", "validate", "--env", "test"),
    ("deploy", "run", "--env", "test"),
    ("env", "list"),
    ("task", "list"),
    ("change", "list"),
    ("db", "check"),
]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_without_settings_it_says_where_they_were_looked_for(
    folder: Path, command: Command, words: tuple[str, ...]
) -> None:
    ran = command(*words)

    assert ran.code == 2
    assert f"{folder}/orchestrate.yaml: there is no such file" in ran.err
    assert "\ntry: `orchestrate demo`" in ran.err


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_wrong_key_is_said_with_its_line(shop: Shop, command: Command, words: tuple[str, ...]) -> None:
    command("db", "upgrade")
    shop.settings.write_text("servise: shop\n" + shop.settings.read_text())

    ran = command(*words)

    assert ran.code == 2
    assert f"error: {shop.settings}:1: unknown key 'servise'; did you mean 'service'?\n" in ran.err


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_corrupt_store_is_said(shop: Shop, command: Command, words: tuple[str, ...]) -> None:
    (shop.folder / ".orchestrate").mkdir()
    (shop.folder / ".orchestrate" / "orchestrate.db").write_bytes(b"this is no database" * 400)

    ran = command(*words, "--json")

    assert ran.code == 3
    assert "is corrupt, or is not a database" in str(ran.data["error"])
    assert "restore a backup" in str(ran.data["cure"])


def test_a_read_only_store_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.chdir(name)
        Path(name).chmod(0o755)
        Shop(Path(name))
        assert command("task", "add", "first").code == 0
        for file in (Path(name) / ".orchestrate").iterdir():
            file.chmod(0o444)
        (Path(name) / ".orchestrate").chmod(0o555)

        with unprivileged():
            ran = command("task", "add", "second")

        (Path(name) / ".orchestrate").chmod(0o755)
    assert ran.code == 3
    assert ran.err.startswith("error: the database") and "\ntry: " in ran.err


@contextmanager
def unprivileged() -> Generator[None]:
    """Root may write everywhere; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


UNKNOWN: list[tuple[tuple[str, ...], str]] = [
    (("deploy", "run", "--env", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("deploy", "validate", "--env", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("deploy", "history", "--env", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("deploy", "rollback", "--env", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("deploy", "quarantine", "list", "--env", "nowhere"), "(known: test)"),
    (("env", "show", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("env", "delete", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("env", "export", "nowhere"), "there is no environment 'nowhere' (known: test)"),
    (("deploy", "run", "--env", "test", "--version", "v9"), "there is no version 'v9' (known: main, "),
    (("deploy", "diff", "--env", "test", "--version", "v9"), "there is no version 'v9' (known: main, "),
    (("deploy", "run", "--env", "test", "--task", "T-9"), "there is no task 'T-9' (known: T-1)"),
    (("deploy", "run", "--env", "test", "--change", "7"), "there is no change '7' (known: 1)"),
    (("worker", "--task", "T-9"), "there is no task 'T-9' (known: T-1)"),
    (("task", "show", "T-9"), "there is no task 'T-9' (known: T-1)"),
    (("task", "add", "x", "--change", "C-7"), "there is no change 'C-7' (known: 1)"),
    (("change", "show", "C-7"), "there is no change 'C-7' (known: 1)"),
    (("change", "open", "--branch", "nowhere"), "there is no version 'nowhere'"),
    (("deploy", "status", "01KAAAAA"), "there is no deployment '01KAAAAA'"),
    (("deploy", "logs", "01KAAAAA"), "there is no deployment '01KAAAAA'"),
    (("deploy", "plan", "01KAAAAA"), "there is no deployment '01KAAAAA'"),
    (("deploy", "cancel", "01KAAAAA"), "there is no deployment '01KAAAAA'"),
    (("deploy", "rollback", "01KAAAAA"), "there is no deployment '01KAAAAA'"),
    (("deploy", "approve", "Q00000"), "there is no question 'Q00000'"),
    (
        ("deploy", "promote", "--from", "test", "--to", "test"),
        "error: nothing was verified in test yet\n"
        "try: deploy there first: orchestrate deploy run --env test\n",
    ),
    (
        ("deploy", "rollback", "--env", "test"),
        "error: nothing is known to have run in test before what is live\n"
        "try: name a version: orchestrate deploy rollback --env test --version V\n",
    ),
    (
        ("deploy", "run", "--env", "test", "--strategy", "hope"),
        "there is no strategy 'hope' (known: rolling",
    ),
    (("deploy", "run", "--env", "test", "--override", "luck=x"), "'luck' is no gate (those that can: "),
    (
        ("deploy", "run", "--env", "test", "--override", "reviews=x"),
        "can only be cleared, not overridden",
    ),
    (("deploy", "run", "--env", "test", "--override", "window="), "the reason is missing"),
    (("deploy", "run", "--env", "test", "--change", "1", "--version", "main"), "exclude each other"),
    (("deploy", "rollback"), "name a deployment, or an environment with --env"),
]


@pytest.mark.parametrize(("words", "said"), UNKNOWN, ids=[" ".join(words) for words, _ in UNKNOWN])
def test_what_is_unknown_is_said_with_what_is_known(
    shop: Shop, command: Command, words: tuple[str, ...], said: str
) -> None:
    command("change", "open", "--branch", "main", "--base", "main")
    command("task", "add", "Ship it")

    ran = command(*words)

    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_programs_get_the_error_as_a_document(shop: Shop, command: Command) -> None:
    ran = command("deploy", "run", "--env", "nowhere", "--json")

    assert (ran.code, ran.err) == (2, "")
    assert set(json.loads(ran.out)) == {"error", "cure"}


def test_a_mistake_of_ours_is_a_line_and_a_file(
    shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("a mistake\nwith a second line")

    command("db", "upgrade")
    monkeypatch.setattr(glance, "remember", broken)

    ran = command("deploy", "history")

    [file] = (shop.folder / ".orchestrate").glob("surprise-*.txt")
    assert ran.code == 70
    assert (
        ran.err
        == f"error: ZeroDivisionError: a mistake\ntry: report it with {file}, which holds the details\n"
    )
    assert "Traceback" in file.read_text() and file.stat().st_mode & 0o077 == 0


def test_ctrl_c_is_a_line(shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(glance, "remember", stopped)

    ran = command("deploy", "history")

    assert (ran.code, ran.err) == (130, "stopped\n")


@pytest.mark.parametrize(
    "words", [("deploy", "validate"), ("deploy", "run", "--version", "v9"), ("deploy", "diff")]
)
def test_a_base_branch_that_is_not_there_is_named_with_what_helps(
    shop: Shop, command: Command, words: tuple[str, ...]
) -> None:
    shop.settings.write_text(shop.settings.read_text().replace("base: main", "base: trunk"))

    ran = command(*words, "--env", "test")

    assert ran.code == 2
    assert "forge: {base: …}" in ran.err and "'trunk'" in ran.err


def test_in_the_folder_of_a_demo_it_is_that_one_which_is_stopped(folder: Path, command: Command) -> None:
    (folder / "orchestrate.yaml").write_text("this: is no settings file\n")
    assert "there is no demo in orchestrate-demo" in command("demo", "--stop").err

    (folder / "shop.git").mkdir()

    assert "orchestrate.yaml:1" in command("demo", "--stop").err
