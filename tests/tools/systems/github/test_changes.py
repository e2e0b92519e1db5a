"""What is said of a pull request, and who is believed."""

from __future__ import annotations

import pytest

from orchestrate.errors import UnknownChange
from orchestrate.models.change import CheckState, MergeMethod, ReviewVerdict
from orchestrate.models.task import Label
from tests.tools.systems.github.conftest import Here

APPROVED, CHANGES = "APPROVED", "CHANGES_REQUESTED"


@pytest.mark.parametrize(
    "id", ["1", "#1", "acme/shop#1", " 1 ", "{web}/acme/shop/pull/1", "{web}/acme/shop/pull/1/"]
)
async def test_a_pull_request_is_known_by_each_of_its_names(here: Here, id: str) -> None:
    assert (await here.forge.change(id.format(web=here.server.url))).id == "1"


@pytest.mark.parametrize(
    "id", ["2", "0", "x", "", "acme/other#1", "https://github.com/acme/shop/pull/1", "1/files"]
)
async def test_another_name_is_of_no_change(here: Here, id: str) -> None:
    with pytest.raises(UnknownChange):
        await here.forge.change(id)


async def test_a_persons_newest_verdict_counts_and_a_comment_changes_nothing(here: Here) -> None:
    for by, state in (("bob", CHANGES), ("bob", APPROVED), ("bob", "COMMENTED"), ("ada", "DISMISSED")):
        here.world.review(1, by, state)

    assert [(one.by, one.verdict, one.sha) for one in (await here.change()).reviews] == [
        ("bob", ReviewVerdict.APPROVED, here.head)
    ]


async def test_only_who_may_write_reviews(here: Here) -> None:
    here.world.review(1, "stranger", APPROVED)

    assert (await here.change()).reviews == ()


async def test_an_approval_keeps_the_head_that_it_was_given_for(here: Here) -> None:
    before = here.head
    here.world.review(1, "bob", APPROVED)
    here.world.repository.write("feature", {"more": "x\n"}, "Push more")

    change = await here.change()

    assert change.reviews[0].sha == before != change.head


async def test_a_bot_keeps_the_name_that_only_bots_have(here: Here) -> None:
    here.world.review(1, "orchestrate[bot]", APPROVED)

    assert (await here.change()).reviews[0].by == "orchestrate[bot]"


async def test_more_reviewers_than_fit_on_a_page_are_all_heard(here: Here) -> None:
    names = {f"dev{number}" for number in range(130)}
    here.world.writers |= names
    for name in sorted(names):
        here.world.review(1, name, APPROVED)

    assert {one.by for one in (await here.change()).reviews} == names


async def test_what_rules_demand_of_reviews_is_told(here: Here) -> None:
    demanded = {"required_approving_review_count": 1, "require_code_owner_review": True}
    here.world.rules.append({"type": "pull_request", "parameters": demanded})
    here.world.review(1, "bob", APPROVED)
    wanted = (await here.change()).wants

    here.world.writers.add("cora")
    here.world.review(1, "cora", APPROVED)

    assert "code owners" in wanted[0]
    assert (await here.change()).wants == ()


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", CheckState.PASSED),
        ("neutral", CheckState.PASSED),
        ("skipped", CheckState.PASSED),
        ("failure", CheckState.FAILED),
        ("cancelled", CheckState.FAILED),
        ("timed_out", CheckState.FAILED),
        ("action_required", CheckState.FAILED),
        (None, CheckState.PENDING),
    ],
)
async def test_a_check_run_counts_as_it_ended(here: Here, conclusion: str | None, state: CheckState) -> None:
    here.world.check("tests", conclusion, here.head)

    assert [(one.name, one.state) for one in (await here.change()).checks] == [("tests", state)]


@pytest.mark.parametrize(
    ("said", "state"),
    [("success", CheckState.PASSED), ("error", CheckState.FAILED), ("pending", CheckState.PENDING)],
)
async def test_a_status_counts_as_it_stands(here: Here, said: str, state: CheckState) -> None:
    here.world.status("ci/old", said, here.head)

    assert [(one.name, one.state, one.said) for one in (await here.change()).checks] == [
        ("ci/old", state, said)
    ]


async def test_no_check_at_all_is_no_result(here: Here) -> None:
    assert (await here.change()).checks == ()


async def test_of_several_runs_of_a_name_the_worst_counts(here: Here) -> None:
    for conclusion in ("success", "failure", "success"):
        here.world.check("tests", conclusion, here.head)

    assert [one.state for one in (await here.change()).checks] == [CheckState.FAILED]


async def test_results_of_another_head_are_not_those_of_this_one(here: Here) -> None:
    here.world.check("tests", "success", here.head)
    here.world.repository.write("feature", {"more": "x\n"}, "Push more")

    assert (await here.change()).checks == ()


async def test_a_required_check_that_never_reports_is_missing(here: Here) -> None:
    required = {
        "required_status_checks": [{"context": "tests"}],
        "strict_required_status_checks_policy": False,
    }
    here.world.rules.append({"type": "required_status_checks", "parameters": required})
    here.world.protected = ("scan",)

    found = {one.name: one.state for one in (await here.change()).checks}

    assert found == {"tests": CheckState.MISSING, "scan": CheckState.MISSING}


async def test_a_required_check_by_another_app_than_demanded_does_not_count(here: Here) -> None:
    check = {"context": "tests", "integration_id": 15368}
    required = {"required_status_checks": [check], "strict_required_status_checks_policy": False}
    here.world.rules.append({"type": "required_status_checks", "parameters": required})
    here.world.check("tests", "success", here.head, app=666)
    forged = (await here.change()).checks

    here.world.check("tests", "success", here.head)

    assert [one.state for one in forged] == [CheckState.MISSING]
    assert [one.state for one in (await here.change()).checks] == [CheckState.PASSED]


async def test_more_checks_than_fit_on_a_page_are_all_read(here: Here) -> None:
    for number in range(120):
        here.world.check(f"check {number:03}", "success", here.head)

    assert len((await here.change()).checks) == 120


async def test_who_pushed_the_head_is_told_where_github_tells_it(here: Here) -> None:
    here.world.pusher = "mallory"
    here.world.repository.write("feature", {"more": "x\n"}, "Push more")
    told = (await here.change()).pushed_by

    here.world.sees_pushes = False

    assert told == "mallory"
    assert (await here.change()).pushed_by is None


async def test_a_label_is_for_the_head_that_was_there_when_it_was_given(here: Here) -> None:
    here.world.label(1, "qa-approved", "quinn")
    given = (await here.change()).labels

    here.world.repository.write("feature", {"more": "x\n"}, "Push more")

    assert given == (Label(name="qa-approved", by="quinn", sha=given[0].sha),)
    assert given[0].sha is not None
    assert (await here.change()).labels == (Label(name="qa-approved", by="quinn"),)


async def test_a_label_is_for_no_head_where_nobody_tells_when_that_was_pushed(here: Here) -> None:
    here.world.sees_pushes = False
    here.world.label(1, "qa-approved", "quinn")

    assert (await here.change()).labels == (Label(name="qa-approved", by="quinn"),)


async def test_a_sign_off_on_the_pull_request_counts_unless_it_was_edited(here: Here) -> None:
    said = f"security approved {here.head[:12]}"
    here.world.comment(1, "sam", said)
    here.world.comment(1, "eve", said, edited=True)

    labels = (await here.change()).labels

    assert labels == (Label(name="security-approved", by="sam", sha=here.head[:12]),)


async def test_a_fork_is_seen_with_its_files_although_its_branch_is_elsewhere(here: Here) -> None:
    here.world.fork("fay", "better", {"hello": "from afar\n"})
    pull = here.world.open("From afar", "better", "main", fork="fay", author="fay")

    change = await here.forge.change(str(pull.number))

    assert (change.branch, change.author, change.pushed_by) == ("fay:better", "fay", None)
    assert [one.text for one in await here.forge.files(change)] == ["from afar\n"]
    assert (await here.forge.preview(change, MergeMethod.MERGE)).tree is not None


async def test_a_branch_that_was_pushed_by_force_has_its_new_head(here: Here) -> None:
    old = here.head
    here.world.review(1, "bob", APPROVED)
    here.world.repository.git("update-ref", "refs/heads/feature", here.world.repository.tip("main"))
    here.world.repository.write("feature", {"other": "x\n"}, "Begin anew")

    change = await here.change()

    assert change.head == here.world.repository.tip("feature") != old
    assert change.reviews[0].sha == old
    assert [one.path for one in await here.forge.files(change)] == ["other"]
