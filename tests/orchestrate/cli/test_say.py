"""Saying: the command line understands what chat understands, as whoever types."""

from __future__ import annotations

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop


def test_a_sentence_is_accepted_as_whoever_types(shop: Shop, command: Command) -> None:
    said = command("say", "test", "main", "--json")

    assert (said.code, said.data["done"]) == (0, True)
    status = command("deploy", "status", str(said.data["deployment"]))
    assert "asked by    ada" in status.out


def test_a_plain_question_is_answered(shop: Shop, command: Command) -> None:
    said = command("say", "what is live in test?")

    assert (said.code, said.out) == (0, "- `test`: nothing of `web` is live\n")


def test_what_is_unclear_ends_with_one_and_examples(shop: Shop, command: Command) -> None:
    said = command("say", "main to test")

    assert said.code == 1
    assert "/deploy test main" in said.out
