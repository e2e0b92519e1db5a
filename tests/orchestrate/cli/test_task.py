"""Tasks and changes: filed, talked about, reviewed and closed as whoever types."""

from __future__ import annotations

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

STRANGER = "people: {ada: {cli: somebody-else, tracker: ada}, bo: {cli: nobody-here}}"


def by_a_stranger(shop: Shop) -> None:
    """From now on the settings do not know the user of this machine."""
    text = shop.settings.read_text()
    start, end = text.index("people:"), text.index("environments:")
    shop.settings.write_text(text[:start] + STRANGER + "\n" + text[end:])


def test_a_task_is_filed_in_full(shop: Shop, command: Command) -> None:
    command("change", "open", "--branch", "main")
    command("task", "add", "First")

    ran = command(
        "task", "add", "Ship faster", "-d", "Much faster", "--change", "C-1", "--priority", "0",
        "--depends-on", "T-1", "--target", "test", "--strategy", "rolling", "--workspace", "work", "--json",
    )  # fmt: skip

    task = ran.data["task"]
    assert isinstance(task, dict)
    assert (task["id"], task["change"], task["priority"], task["depends_on"]) == ("T-2", "1", 0, ["T-1"])
    assert (task["status"], task["queue"], task["created_by"]) == ("Ready to Deploy", "deploy", "ada")
    assert task["metadata"]["deployment_target"] == "test" and task["metadata"]["strategy"] == "rolling"


def test_other_queues_have_their_own_first_status(shop: Shop, command: Command) -> None:
    assert "(Open, queue execution)" in command("task", "add", "Fix it", "--queue", "execution").out
    assert "T-1" not in command("task", "list", "--queue", "deploy").out


def test_the_thread_is_shown_with_who_said_what(shop: Shop, command: Command) -> None:
    command("task", "add", "Ship faster")
    command("task", "comment", "T-1", "Approved")

    said = command("task", "show", "T-1").out

    assert "T-1  Ship faster" in said
    assert "── ada, " in said and said.rstrip().endswith("Approved")


def test_hidden_markers_are_not_shown(shop: Shop, command: Command) -> None:
    command("task", "add", "Ship faster", "-d", "Much faster\n\n<!-- orchestrate:fix/1 -->")
    command("task", "comment", "T-1", "Blocked.\n\n<!-- orchestrate:D1/blocked -->")

    said = command("task", "show", "T-1").out

    assert "Much faster" in said and said.rstrip().endswith("Blocked.")
    assert "<!--" not in said and "orchestrate:" not in said


def test_a_stranger_never_speaks_as_a_person(shop: Shop, command: Command) -> None:
    by_a_stranger(shop)
    command("task", "add", "Ship faster")

    said = command("task", "comment", "T-1", "Approved", "--json").data["comment"]

    assert isinstance(said, dict)
    assert "(not in people)" in said["author"]


def test_a_closed_task_is_gone_from_the_list(shop: Shop, command: Command) -> None:
    command("task", "add", "Ship faster")

    closed = command("task", "close", "T-1", "--reason", "not needed")

    assert closed.out == "T-1 is closed: not needed (Done)\n"
    assert command("task", "list").out == "no tasks\n"
    assert "T-1" in command("task", "list", "--all").out


def test_a_change_is_proposed_reviewed_and_checked(shop: Shop, command: Command) -> None:
    head = shop.write("faster", branch="faster")
    opened = command("change", "open", "--branch", "faster", "--title", "Answer faster")

    command("change", "check", "1", "--name", "tests", "--state", "passed")
    command("change", "label", "1", "qa-approved")

    said = command("change", "show", "C-1").out
    assert opened.out == f"change 1 (faster, {head[:12]}): open\n"
    assert "faster → main, open, by ada" in said
    assert (
        f"check  tests  passed       {head[:12]}" in said
        and f"label  ada    qa-approved  {head[:12]}" in said
    )
    assert "faster  ada     open   Answer faster" in command("change", "list").out


def test_nobody_reviews_their_own_change(shop: Shop, command: Command) -> None:
    command("change", "open", "--branch", "main")

    ran = command("change", "review", "1", "--approve")

    assert (ran.code, "does not review it" in ran.err) == (1, True)


def test_a_review_is_of_the_head_it_was_given_for(shop: Shop, command: Command) -> None:
    shop.write("faster", branch="faster")
    command("change", "open", "--branch", "faster")
    by_a_stranger(shop)

    command("change", "review", "1", "--request-changes")
    shop.write("fastest", branch="faster")

    said = command("change", "show", "1").out
    assert "changes_requested" in said and "(not the head)" in said
