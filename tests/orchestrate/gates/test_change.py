"""Gates about the change: what is missing is never good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrate.gates import GATES, findings
from orchestrate.models.change import ChangeState, Check, CheckState, Preview, Review, ReviewVerdict
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import Channel, Gates, Person, Role
from orchestrate.models.gate import Finding, Findings, GateName, Override
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.task import Label
from tests.orchestrate.gates.evidence import AT, BASE, CHANGE, HEAD, MERGED, TREE, change, evidence, finding
from tests.stories.places import ADA, PEOPLE, ROB

OTHER = "d" * 40


def test_everything_well_passes_everywhere_in_a_fixed_order() -> None:
    found = findings(evidence())

    assert [one for one in found if one.finding is not Finding.PASS] == []
    assert len(found) == len(GATES) == len({one.gate for one in found}) == len(GateName)


def test_every_gate_that_does_not_pass_says_what_would_clear_it() -> None:
    blind = evidence(
        change=None,
        preview=None,
        version=None,
        verdicts=None,
        running=None,
        resources=None,
        missing_secrets=None,
        buildable=None,
        metrics=None,
    )

    against = Findings(results=findings(blind)).that(Finding.FAIL, Finding.UNKNOWN, Finding.WAIT)

    assert len(against) >= 6
    assert all(one.cure and one.sentence for one in against)


@pytest.mark.parametrize("said", ["skipped", "neutral"])
def test_a_scan_that_looked_at_nothing_is_unknown(said: str) -> None:
    checks = (Check(name="scan", state=CheckState.PASSED, sha=HEAD, said=said),)
    found = evidence({"gates": Gates(security_scan="scan")}, change=change(checks=checks))

    assert finding(GateName.SECURITY_SCAN, found).finding is Finding.UNKNOWN


@pytest.mark.parametrize(
    ("state", "expected"), [(CheckState.MISSING, Finding.UNKNOWN), (CheckState.FAILED, Finding.FAIL)]
)
def test_code_scanning_is_judged_by_its_own_gate_with_its_words(state: CheckState, expected: Finding) -> None:
    name = "code-scanning: high"
    scan = Check(name=name, state=state, sha=HEAD, said="2 open alerts: py/sql")
    tests = Check(name="tests", state=CheckState.PASSED, sha=HEAD)
    found = evidence({"gates": Gates(security_scan=name)}, change=change(checks=(scan, tests)))

    assert finding(GateName.CI_CHECKS, found).finding is Finding.PASS
    assert finding(GateName.SECURITY_SCAN, found).finding is expected
    assert "2 open alerts: py/sql" in finding(GateName.SECURITY_SCAN, found).sentence


def test_what_the_forge_itself_still_demands_is_waited_for() -> None:
    found = finding(GateName.REVIEWS, evidence(change=change(wants=("a code owner's review",))))

    assert (found.finding, found.sentence) == (Finding.WAIT, "the forge still wants a code owner's review")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (CheckState.PASSED, Finding.PASS),
        (CheckState.FAILED, Finding.FAIL),
        (CheckState.PENDING, Finding.WAIT),
        (CheckState.MISSING, Finding.UNKNOWN),
    ],
)
@pytest.mark.parametrize("gate", [GateName.CI_CHECKS, GateName.SECURITY_SCAN])
def test_a_check_counts_as_it_ended(gate: GateName, state: CheckState, expected: Finding) -> None:
    rules: dict[str, object] = {"gates": Gates(checks=("tests",), security_scan="scan")}
    checks = tuple(Check(name=name, state=state, sha=HEAD) for name in ("tests", "scan"))

    assert finding(gate, evidence(rules, change=change(checks=checks))).finding is expected


@pytest.mark.parametrize("gate", [GateName.CI_CHECKS, GateName.SECURITY_SCAN])
def test_a_check_of_another_head_is_missing(gate: GateName) -> None:
    rules: dict[str, object] = {"gates": Gates(checks=("tests",), security_scan="scan")}
    checks = tuple(Check(name=name, state=CheckState.PASSED, sha=OTHER) for name in ("tests", "scan"))

    assert finding(gate, evidence(rules, change=change(checks=checks))).finding is Finding.UNKNOWN


def test_a_check_that_nobody_requires_may_not_fail_either() -> None:
    checks = (*CHANGE.checks, Check(name="lint", state=CheckState.FAILED, sha=HEAD))

    found = finding(GateName.CI_CHECKS, evidence(change=change(checks=checks)))

    assert found.finding is Finding.FAIL
    assert "lint" in found.sentence


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ((), Finding.WAIT),
        ((Review(by="mira", verdict=ReviewVerdict.APPROVED, sha=HEAD, at=AT),), Finding.WAIT),
        ((Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=OTHER, at=AT),), Finding.WAIT),
        ((Review(by="rob", verdict=ReviewVerdict.CHANGES_REQUESTED, sha=HEAD, at=AT),), Finding.FAIL),
        ((Review(by="rob", verdict=ReviewVerdict.CHANGES_REQUESTED, sha=OTHER, at=AT),), Finding.FAIL),
    ],
    ids=["nobody", "the author", "an older head", "against", "against an older head"],
)
def test_reviews_count_for_this_head_and_by_others(reviews: tuple[Review, ...], expected: Finding) -> None:
    assert finding(GateName.REVIEWS, evidence(change=change(reviews=reviews))).finding is expected


@pytest.mark.parametrize(
    ("accounts", "author", "expected"),
    [
        (("rob", "rob-2"), "mira", Finding.WAIT),
        (("rob", "ada"), "mira", Finding.PASS),
        (("ada", "rob-2"), "rob", Finding.WAIT),
        (("ada", "ci"), "mira", Finding.WAIT),
    ],
    ids=["one person twice", "two persons", "the author's other account", "a bot"],
)
def test_reviews_are_counted_in_persons(accounts: tuple[str, ...], author: str, expected: Finding) -> None:
    people = (
        ROB.model_copy(update={"accounts": {Channel.FORGE: ("rob-2",)}}),
        Person(name="ci", bot=True),
        ADA,
    )
    reviews = tuple(Review(by=by, verdict=ReviewVerdict.APPROVED, sha=HEAD, at=AT) for by in accounts)
    facts = evidence({"gates": Gates(reviews=2)}, change=change(author=author, reviews=reviews))

    assert finding(GateName.REVIEWS, facts.model_copy(update={"people": people})).finding is expected


def test_a_reviewers_newest_verdict_counts() -> None:
    later = AT + timedelta(hours=1)
    reviews = (
        Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=HEAD, at=later),
        Review(by="rob", verdict=ReviewVerdict.CHANGES_REQUESTED, sha=HEAD, at=AT),
    )

    assert finding(GateName.REVIEWS, evidence(change=change(reviews=reviews))).finding is Finding.PASS


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ({"change": change(state=ChangeState.CLOSED)}, Finding.FAIL),
        ({"change": change(draft=True)}, Finding.FAIL),
        ({"preview": None}, Finding.UNKNOWN),
        ({"preview": Preview(head=HEAD, base=BASE, tree=None, conflicts=("app.py",))}, Finding.FAIL),
        ({"preview": Preview(head=HEAD, base=BASE, tree=TREE)}, Finding.PASS),
        ({"change": MERGED, "preview": None}, Finding.PASS),
    ],
    ids=["closed", "draft", "unreadable", "conflict", "clean", "merged"],
)
def test_what_cannot_be_merged_is_not_deployed(news: dict[str, object], expected: Finding) -> None:
    assert finding(GateName.MERGEABLE, evidence(**news)).finding is expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (None, Finding.UNKNOWN),
        ((), Finding.PASS),
        (("ok", "warn"), Finding.PASS),
        (("ok", "dangerous"), Finding.FAIL),
        (("unreadable",), Finding.FAIL),
    ],
)
def test_only_migrations_that_are_understood_and_additive_pass(
    verdicts: tuple[str, ...] | None, expected: Finding
) -> None:
    found = verdicts and tuple(
        MigrationVerdict(path=f"{number}.sql", sha256="0" * 64, verdict=verdict)
        for number, verdict in enumerate(verdicts)
    )

    given = evidence(verdicts=found if verdicts is not None else None)

    assert finding(GateName.MIGRATIONS, given).finding is expected


@pytest.mark.parametrize(("ran_here", "expected"), [(True, Finding.PASS), (False, Finding.UNKNOWN)])
def test_only_a_rollback_to_what_ran_here_goes_without_asking_the_database(
    ran_here: bool, expected: Finding
) -> None:
    back = Request(kind=Kind.ROLLBACK, environment="production", version="v1", requested_by="ada")
    given = evidence(verdicts=None, proven_here=ran_here, unread={"verdicts": "no route"})

    assert finding(GateName.MIGRATIONS, given).finding is Finding.UNKNOWN
    found = finding(GateName.MIGRATIONS, given.model_copy(update={"request": back}))
    assert found.finding is expected
    assert "no route" in found.sentence


SAM = Person(name="sam", roles=(Role.SECURITY, Role.QA))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (None, Finding.WAIT),
        (Label(name="security-approved", by="sam", sha=HEAD), Finding.PASS),
        (Label(name="security-approved", by="sam", sha=OTHER), Finding.WAIT),
        (Label(name="security-approved", by="sam"), Finding.WAIT),
        (Label(name="security-approved", by="rob", sha=HEAD), Finding.FAIL),
        (Label(name="security-approved", by="mira", sha=HEAD), Finding.FAIL),
        (Label(name="security-approved", by="eve", sha=HEAD), Finding.FAIL),
        (Label(name="qa-approved", by="sam", sha=HEAD), Finding.WAIT),
    ],
)
def test_a_security_approval_counts_by_its_role_for_this_head(label: Label | None, expected: Finding) -> None:
    rules: dict[str, object] = {"gates": Gates(security_approval=True)}
    given = change(labels=(label,) if label else ())

    found = finding(GateName.SECURITY_APPROVAL, evidence(rules, change=given, people=(*PEOPLE, SAM)))

    assert found.finding is expected


def test_an_override_is_named_and_shown() -> None:
    rules: dict[str, object] = {"gates": Gates(security_scan="scan")}
    told = Override(gate=GateName.SECURITY_SCAN, by="ada", reason="the scanner is down")
    request = evidence().request.model_copy(update={"overrides": (told,)})

    found = {one.gate: one for one in findings(evidence(rules, request=request))}[GateName.SECURITY_SCAN]

    assert found.finding is Finding.PASS
    assert found.overridden_by == "ada"
    assert "the scanner is down" in found.sentence and "did not report" in found.sentence


@pytest.mark.parametrize(
    "gate", [GateName.CI_CHECKS, GateName.REVIEWS, GateName.MERGEABLE, GateName.MIGRATIONS]
)
def test_what_only_a_cure_can_clear_is_not_overridden(gate: GateName) -> None:
    told = Override(gate=gate, by="ada", reason="now")
    request = evidence().request.model_copy(update={"overrides": (told,)})
    bad = evidence(
        request=request,
        change=change(checks=(), reviews=()),
        preview=None,
        verdicts=None,
    )

    found = {one.gate: one for one in findings(bad)}[gate]

    assert found.finding is not Finding.PASS
