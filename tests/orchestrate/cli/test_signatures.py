"""Stories of an environment that takes only what is signed, on real commits and keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.servers.signing import Signer, allow, rewritten


@pytest.fixture
def signers(folder: Path) -> Path:
    return folder / "signers.allowed"


@pytest.fixture
def ada(folder: Path) -> Signer:
    return Signer(folder, "ada")


@pytest.fixture
def signed_shop(folder: Path, ada: Signer, signers: Path) -> Shop:
    """A service whose environment takes only what Ada signed."""
    allow(signers, ada)
    return Shop(folder, rules="artifact: {signed_by: signers.allowed}")


def gate(command: Command) -> tuple[int, str]:
    """What validating ends with, and what it says about the artifact."""
    ran = command("deploy", "validate", "--env", "test", "--version", "main")
    return ran.code, next(line for line in ran.out.splitlines() if line.startswith("artifact"))


def test_what_nobody_signed_does_not_pass(signed_shop: Shop, command: Command) -> None:
    code, said = gate(command)

    assert code == 1 and " fail " in said and said.endswith("is not signed")


def test_what_was_signed_passes_and_its_plan_says_by_whom(
    signed_shop: Shop, command: Command, ada: Signer
) -> None:
    commit = ada.sign(signed_shop.remote, "main")

    code, said = gate(command)
    deployed = command("deploy", "run", "--env", "test", "--version", "main")

    assert code == 0
    assert said.endswith(f"commit {commit[:10]} is signed by {ada.name} with {ada.fingerprint}")
    assert deployed.code == 0
    row = command("deploy", "history", "--json").data["deployments"][0]["id"]  # pyright: ignore
    page = command("deploy", "plan", str(row)).out  # pyright: ignore[reportUnknownArgumentType]
    assert f"signed by {ada.name} with `{ada.fingerprint}`" in page


def test_a_signature_that_was_made_for_something_else_does_not_pass(
    signed_shop: Shop, command: Command, ada: Signer
) -> None:
    ada.sign(signed_shop.remote, "main")
    rewritten(signed_shop.remote, "main", "Say one", "Say two")

    code, said = gate(command)

    assert code == 1 and " fail " in said and said.endswith("is not valid")


def test_a_list_that_is_broken_is_told_with_its_line(
    signed_shop: Shop, command: Command, signers: Path
) -> None:
    signers.write_text(signers.read_text() + "eve\n")

    ran = command("deploy", "validate", "--env", "test")

    assert ran.code == 2
    assert f"{signers}:2: 'eve' has no key" in ran.err


def test_an_exported_environment_names_its_signers_as_they_lie(signed_shop: Shop, command: Command) -> None:
    assert "signed_by: ./signers.allowed" in command("env", "export", "test").out


def test_the_doctor_looks_for_what_verifies_signatures(signed_shop: Shop, command: Command) -> None:
    assert "ssh-keygen" in command("doctor").out
