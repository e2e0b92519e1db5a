"""Secrets on the command line: set, listed, rotated and forgotten, and never shown."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestrate.cli.exits import Exit
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Ran, Shop, surroundings

VALUE = "correct-horse-battery"


Given = Callable[..., Ran]


@pytest.fixture
def given(command: Command, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Runs a command that reads these bytes from its standard input; its answer shows no value."""

    def typed(value: bytes, *words: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(value)))
        said = command(*words)
        assert VALUE not in said.out + said.err
        return said

    return typed


@pytest.fixture
def set_one(given: Given) -> Given:
    def typed(value: bytes = f"{VALUE}\n".encode(), name: str = "api-key") -> Ran:
        return given(value, "secret", "set", name, "--env", "test")

    return typed


def test_a_secret_is_set_from_standard_input_and_listed_without_its_value(
    shop: Shop, command: Command, set_one: Given
) -> None:
    assert set_one().code == Exit.OK

    listed = command("secret", "list", "--env", "test")

    assert listed.out.splitlines()[1].split()[:3] == ["test", "api-key", "1"]
    assert VALUE not in listed.out + command("secret", "list", "--json").out
    assert command("secret", "list", "--env", "nowhere").code == Exit.WRONG


def test_a_value_on_the_command_line_is_refused_and_not_repeated(shop: Shop, given: Given) -> None:
    said = given(b"", "secret", "set", "api-key", VALUE, "--env", "test")

    assert said.code == Exit.NO
    assert "can be seen by everybody" in said.err


@pytest.mark.parametrize("value", [b"", b"\n", b"a\0b", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_value_is_refused(shop: Shop, set_one: Given, value: bytes) -> None:
    assert set_one(value).code == Exit.WRONG


def test_a_name_that_is_none_is_refused(shop: Shop, set_one: Given) -> None:
    assert set_one(name="../key").code == Exit.WRONG


def test_a_short_value_is_kept_with_a_warning(shop: Shop, set_one: Given) -> None:
    said = set_one(b"abc")

    assert said.code == Exit.OK
    assert "texts cannot be kept free of it" in said.err


def test_a_typed_value_is_asked_for_twice_and_not_echoed(shop: Shop, command: Command) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "orchestrate", "secret", "set", "api-key", "--env", "test"],
        cwd=shop.folder,
        env=surroundings(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    said = read_until(leader, b"Value of api-key")
    until_unseen(leader)
    os.write(leader, f"{VALUE}\n".encode())
    said += read_until(leader, b"confirmation")
    until_unseen(leader)
    os.write(leader, f"{VALUE}\n".encode())
    said += read_until(leader, b"version 1")

    assert child.wait(30) == Exit.OK
    assert VALUE.encode() not in said
    os.close(leader)
    assert "api-key" in command("secret", "list").out


def read_until(terminal: int, words: bytes) -> bytes:
    said = b""
    while words not in said:
        said += os.read(terminal, 1024)
    return said


def until_unseen(terminal: int) -> None:
    """Wait until what is typed is not echoed: what comes before is thrown away."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        time.sleep(0.01)


def test_secrets_are_rotated_and_forgotten(shop: Shop, command: Command, set_one: Given) -> None:
    set_one()
    before = command("secret", "list").out.splitlines()[1].split()[-1]

    rotated = command("secret", "rotate")
    again = command("secret", "rotate", "--data-keys", "--json")

    assert "1 sealed anew; the master key is" in rotated.out
    assert again.data["key"] != before
    assert command("secret", "rm", "api-key", "--env", "test").out == "api-key of test is forgotten\n"
    assert command("secret", "rm", "api-key", "--env", "test").code == Exit.WRONG
    assert "nothing is kept" in command("secret", "list").out


def test_a_key_that_others_can_read_is_refused_with_the_cure(
    shop: Shop, command: Command, set_one: Given
) -> None:
    set_one()
    (shop.folder / ".orchestrate" / "master.key").chmod(0o644)

    for words in (("secret", "list"), ("secret", "rotate")):
        said = command(*words)
        assert (said.code, "chmod 600" in said.err) == ((Exit.OK, False) if "list" in words else (3, True))
    doctor = command("doctor")
    assert doctor.code == Exit.NO
    assert "can be read by others (mode 0644)" in doctor.out


def test_the_key_may_come_from_a_variable(
    shop: Shop, command: Command, set_one: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATE_MASTER_KEY", "A" * 43 + "=")

    kept, rotated = set_one(), command("secret", "rotate")

    assert kept.code == Exit.OK
    assert not (shop.folder / ".orchestrate" / "master.key").exists()
    assert (rotated.code, "put a new key and a comma before the old one" in rotated.err) == (1, True)


def test_an_environment_is_exported_with_the_names_of_its_secrets(folder: Path, command: Command) -> None:
    Shop(folder, rules="secrets: {KEY: {secret: api-key}, TOKEN: '${SHOP_TOKEN}'}")

    exported = yaml.safe_load(command("env", "export", "test").out)

    assert exported["environments"]["test"]["secrets"] == {
        "KEY": {"secret": "api-key"},
        "TOKEN": "${SHOP_TOKEN}",
    }


def test_validate_and_doctor_say_which_secret_has_no_value(
    folder: Path, command: Command, set_one: Given
) -> None:
    Shop(folder, rules="secrets: {KEY: {secret: api-key}}")

    before = command("deploy", "validate", "--env", "test", "--version", "main")
    doctor = command("doctor")
    set_one()
    after = command("deploy", "validate", "--env", "test", "--version", "main")

    assert "secrets without a value: KEY" in before.out
    assert "orchestrate secret set api-key --env test" in doctor.out
    assert "secrets without a value" not in after.out
