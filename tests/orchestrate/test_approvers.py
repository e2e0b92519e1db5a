"""Who may approve a plan: not whose work it is, under any name, and not alone where that is too little."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.approvers import Work, approval_rule, is_policy
from orchestrate.models.approval import ApprovalRule, Barred
from orchestrate.models.change import Change, Commit
from orchestrate.models.environment import Channel, Environment, Person
from tests.stories.places import quick

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Person(
    name="ada",
    identities={Channel.FORGE: "ada-l", Channel.GIT: "ada@example.com"},
    accounts={Channel.FORGE: ("ada-at-home",), Channel.GIT: ("ada@home.example", "Ada L.")},
)
ROB = Person(name="rob", identities={Channel.GIT: "rob@example.com"})
PEOPLE = (ADA, ROB)


def place(**words: object) -> Environment:
    return quick(Path("/nowhere"), **{"approvers": ("ada", "rob"), **words})


def change(**words: object) -> Change:
    made = Change(
        id="7", title="Faster", author="mira", branch="faster", base="main", head="a" * 40, opened_at=THEN
    )
    return made.model_copy(update=words)


def commit(**words: object) -> Commit:
    made = Commit(
        sha="c" * 40,
        subject="Faster",
        author="Mira",
        email="mira@example.com",
        committer="Mira <mira@example.com>",
        at=THEN,
    )
    return made.model_copy(update=words)


def rule(work: Work, **words: object) -> ApprovalRule:
    return approval_rule(work, place(**words), PEOPLE)


THEIRS = {
    "the author of the change": Work(change=change(author="ada-l")),
    "by the author's other account": Work(change=change(author="ada-at-home")),
    "who pushed the head": Work(change=change(pushed_by="ada-at-home")),
    "the author of a commit": Work(commits=[commit(), commit(email="ada@example.com")]),
    "by another address": Work(commits=[commit(email="ada@home.example")]),
    "in another case": Work(commits=[commit(email="Ada@Example.com")]),
    "by a name in git": Work(commits=[commit(author="ADA L.", email="x@y")]),
    "by the forge's name": Work(commits=[commit(author="ada-l", email="x@y")]),
    "who committed it": Work(commits=[commit(committer="A <ada@example.com>")]),
    "a co-author": Work(commits=[commit(co_authors=("Rob's friend <x@y>", "A. L. <ada@example.com>"))]),
    "a co-author without an address": Work(commits=[commit(co_authors=("ada l.",))]),
}


@pytest.mark.parametrize("work", THEIRS.values(), ids=THEIRS)
def test_nobody_approves_their_own_work(work: Work) -> None:
    found = rule(work)

    assert [one.person for one in found.barred] == ["ada"]
    assert found.allowed == ("rob",)
    assert rule(work, authors_may_approve=True).allowed == ("ada", "rob")


def test_who_has_no_name_in_git_is_known_by_their_own() -> None:
    work = Work(commits=[commit(author="Rob")])

    found = approval_rule(work, place(), (Person(name="ada"), Person(name="rob")))

    assert found.allowed == ("ada",)
    assert approval_rule(work, place(), PEOPLE).allowed == ("ada", "rob")


def test_others_work_may_be_approved_and_strangers_are_named() -> None:
    found = rule(Work(change=change(), commits=[commit(), commit(author="Orchestrate")]))

    assert (found.persons, found.barred, found.reasons) == (1, (), ())
    assert found.strangers == ("Mira <mira@example.com>", "Orchestrate <mira@example.com>")


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ({}, ("ada", "rob")),
        ({"approvals": 2}, ("rob",)),
        ({"requesters_may_approve": False}, ("rob",)),
        ({"approvals": 2, "requesters_may_approve": True}, ("ada", "rob")),
    ],
)
def test_who_asked_for_it_is_no_second_person(words: dict[str, object], allowed: tuple[str, ...]) -> None:
    found = rule(Work(requested_by="ada"), **words)

    assert found.allowed == allowed
    assert all(one == Barred(person="ada", why="asked for this deployment") for one in found.barred)


@pytest.mark.parametrize(
    ("work", "persons", "why"),
    [
        (Work(), 1, ""),
        (Work(files=["shop/server.py", "docs/codeowners.md"]), 1, ""),
        (
            Work(files=["orchestrate.yaml"]),
            2,
            "it changes orchestrate.yaml, which says how changes are judged",
        ),
        (Work(commits=None), 2, "it is not known who wrote all of it"),
    ],
)
def test_two_persons_approve_what_one_should_not_decide_alone(work: Work, persons: int, why: str) -> None:
    found = rule(work)

    assert (found.persons, "".join(found.reasons)) == (persons, why)
    assert rule(work, approvals=3).persons == 3


@pytest.mark.parametrize(
    "path",
    [
        "orchestrate.yaml",
        "deploy/orchestrate.yaml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "docs/CodeOwners",
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        ".github/actions/build/action.yml",
        ".gitlab-ci.yml",
    ],
)
def test_policy_is_known_wherever_it_lies(path: str) -> None:
    assert is_policy(path)


@pytest.mark.parametrize("path", ["workflows/a.py", "orchestrate.yaml.md", "github/workflows/x", "yaml"])
def test_other_files_are_no_policy(path: str) -> None:
    assert not is_policy(path)
