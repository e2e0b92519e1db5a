"""What people are told from the first word to the last: what stands in the way, progress, and the result."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orchestrate import reports
from orchestrate.models.deployment import Kind, Outcome
from orchestrate.models.gate import Finding, Findings, GateName, GateResult
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.task import FailureKind
from orchestrate.reports.markdown import duration, instant, percent
from orchestrate.reports.result import ENDS
from tests.orchestrate.reports.facts import (
    BEGAN,
    cause,
    deployment,
    failure,
    findings,
    plan,
    request,
    story,
    watch,
)

GATE = GateResult(
    gate=GateName.CI_CHECKS,
    finding=Finding.FAIL,
    sentence="build failed on c0ffee",
    cure="mend the build",
    link="https://ci.example/1",
)


def section(page: str, title: str) -> str:
    return page.split(f"### {title}\n")[1].split("\n### ")[0]


def test_a_blocked_deployment_names_each_obstacle_with_its_cure() -> None:
    closed = [
        GATE.model_copy(update={"gate": gate, "finding": finding, "cure": f"clear {gate.value}"})
        for gate, finding in zip(GateName, (Finding.FAIL, Finding.UNKNOWN, Finding.WAIT), strict=False)
    ]
    passed = GATE.model_copy(update={"gate": GateName.WINDOW, "finding": Finding.PASS, "cure": "none"})

    title, page = reports.blocked("D1", request(), Findings(results=(*closed, passed)), "not ready")

    obstacles = section(page, "What stands in the way")
    assert title == "Blocked: production"
    assert obstacles.count("To clear it: clear") == len(closed)
    assert "**ci checks** (fail): build failed on c0ffee ([evidence](https://ci.example/1))" in obstacles
    assert "window" not in obstacles and "| window | ✅ pass |" in page
    assert "Nothing was deployed to `production`" in page and "not ready" in page


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a b", "https://a)b", "ftp://a", 'https://a"b', ""]
)
def test_only_a_plain_web_address_is_linked(link: str) -> None:
    assert "](" not in reports.gates_table([GATE.model_copy(update={"link": link})])


def test_every_finding_has_its_sign() -> None:
    table = reports.gates_table(findings().results)

    assert all(sign in table for sign in ("✅ pass", "❌ fail", "❔ unknown", "⏳ wait"))


def test_no_gates_are_no_table() -> None:
    assert reports.gates_table([]) == ""


def test_a_start_says_where_what_and_for_whom() -> None:
    title, page = reports.started("D1", request())
    back, _ = reports.started("D1", request().model_copy(update={"kind": Kind.ROLLBACK}))

    assert (title, back) == ("Deploying to production", "Rolling back production")
    assert [line.split(":")[0] for line in page.splitlines()] == [
        "- deployment", "- task", "- change", "- version", "- asked for by",
    ]  # fmt: skip


def test_a_pick_up_says_how_to_follow_it() -> None:
    assert "`orchestrate deploy status D1`" in reports.picked_up("D1", request())


def test_progress_counts_the_moves() -> None:
    count = len(plan().moves)

    assert reports.progress(plan(), 0).startswith(f"1/{count} ")
    assert reports.progress(plan(), count) == f"{count}/{count} all moves are made"


def test_a_watch_is_reported_with_its_numbers_and_alerts() -> None:
    said = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        trigger="missing",
        sentence="40 of 100 requests",
        numbers={"requests": 40, "error rate": 0.25},
        alerts=("cpu 91 %",),
    )

    page = reports.watch_report(watch(), said, now=200)

    assert "❔ too early to tell" in page and "3 min 20 s at 25 % of the traffic, 6 min 40 s to go" in page
    assert "- error rate: 0.25\n- requests: 40\n- ⚠️ alert only: cpu 91 %" in page


def test_success_says_when_what_and_how_well() -> None:
    title, page = reports.success(deployment(), plan(), story(), BEGAN.timestamp() + 3900)

    assert title == "Deployed: shop ordinary to production in 1 h 5 min"
    assert section(page, "Times").strip() == (
        "- started 2026-11-21 09:30 UTC\n- finished 2026-11-21 10:35 UTC\n- took 1 h 5 min"
    )
    assert "| `shop` | `1.9` | `ordinary` | blue-green |" in section(page, "What was deployed")
    assert "| `worker` | `1.9` | `ordinary` | blue-green |" in section(page, "What was deployed")
    assert "ordinary 2" in section(page, "Verification")
    assert "ordinary 3" in section(page, "Metrics") and "ordinary 4" in section(page, "Metrics")
    assert "`orchestrate deploy logs D1`" in section(page, "Links")
    assert "change `ordinary`" in section(page, "Links")


def test_a_rollback_by_hand_that_went_well_is_no_deployment() -> None:
    row = deployment().model_copy(update={"request": request().model_copy(update={"kind": Kind.ROLLBACK})})

    assert reports.success(row, plan(), story(), BEGAN.timestamp())[0].startswith("Rolled back: shop")


def test_failure_says_what_where_why_and_what_now() -> None:
    title, page = reports.failure(
        "D1",
        request(),
        Outcome.ROLLED_BACK,
        "errors",
        failure().model_copy(update={"timed_out": True}),
        ["T-9", "T-9", "T-10"],
        events=(*story(), *story()),
        owner="ben",
    )

    assert title == "Rolled back: production"
    assert page.startswith(
        "@ben: **Rolled back: deployment `D1` to `production`.** The version before serves again"
    )
    assert section(page, "Failed step").startswith("watch: ordinary (not done in time)")
    assert section(page, "Error").startswith("ordinary")
    assert "requests: 200" in section(page, "Numbers that decided")
    assert section(page, "Rollback").strip() == "- ordinary 5"
    assert section(page, "Root cause").strip() == "- ordinary 6\n- ordinary 7"
    assert "```text\nordinary\n```" in section(page, "Log")
    assert section(page, "Action").count("fix task `T-9`") == 1
    assert "fix task `T-10`" in section(page, "Action")
    assert "`orchestrate deploy logs D1`" in section(page, "Links")


def test_without_a_cause_the_kind_of_failure_is_named() -> None:
    _, page = reports.failure("D1", request(), Outcome.ROLLED_BACK, "", failure(), ())

    assert section(page, "Root cause").startswith("health checks failed")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_name_and_says_what_it_means(outcome: Outcome) -> None:
    title, page = reports.failure("D1", request(), outcome, "because", None, ())

    name, meaning = ENDS[outcome]
    assert title == f"{name}: production"
    assert meaning in page and "because" in page


def test_a_rollback_that_failed_says_what_to_do_by_hand() -> None:
    title, page = reports.rollback_failed("D1", plan(), failure())

    by_hand = section(page, "What to do by hand")
    assert title == "ROLLBACK FAILED: production"
    assert "nobody but a person can mend it now" in page
    assert "`shop 1.9`" in by_hand and "`worker 1.9`" in by_hand
    assert "`orchestrate deploy rollback --env production`" in by_hand
    assert "migrations stay" in by_hand


def test_only_a_failed_rollback_is_an_emergency() -> None:
    urgent = {
        kind for kind in FailureKind if "emergency: true" in reports.fix(cause(kind=kind), failure(), plan())
    }

    assert urgent == {FailureKind.ROLLBACK_FAILURE}


def test_a_cause_that_came_back_is_told_with_its_numbers() -> None:
    page = reports.seen_again("D2", failure())

    assert page.startswith("Seen again in deployment D2: ordinary")
    assert "requests: 200" in page and "`orchestrate deploy logs D2`" in page


def test_the_record_has_what_programs_read() -> None:
    record = reports.deployment_report(deployment(), plan(), [GATE])

    assert json.loads(json.dumps(record)) == record
    assert record == {
        "task_id": "T-7",
        "success": True,
        "timestamp": (BEGAN + timedelta(minutes=65)).isoformat(),
        "deployment_target": "production",
        "strategy": "blue-green",
        "version": "ordinary",
        "rollback_available": True,
        "gates": {"ci_checks": {"finding": "fail", "sentence": GATE.sentence, "overridden_by": None}},
        "deployment": "D1",
        "service": "shop",
        "outcome": "deployed",
        "reason": "ordinary",
        "plan": plan().hash,
    }


def test_a_record_without_a_plan_claims_nothing() -> None:
    record = reports.deployment_report(deployment(outcome=Outcome.BLOCKED), None)

    assert (record["success"], record["rollback_available"], record["plan"]) == (False, False, None)
    assert (record["strategy"], record["version"], record["gates"]) == (None, None, {})


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_moments_are_utc_and_shares_have_two_digits() -> None:
    assert instant(0) == "1970-01-01 00:00 UTC"
    assert (percent(100), percent(5)) == ("1.00 %", "0.05 %")
