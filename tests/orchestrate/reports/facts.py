"""A deployment to report about, with words of others wherever they can write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agents.runbook import RunbookPlanner
from orchestrate import reports
from orchestrate.models.cause import Cause
from orchestrate.models.change import Change
from orchestrate.models.deployment import Deployment, Event, Failure, Outcome, Request, Stage, Status
from orchestrate.models.environment import Environment
from orchestrate.models.gate import Finding, Findings, GateName, GateResult, Override
from orchestrate.models.plan import Plan
from orchestrate.models.postmortem import Exposure, Moment, PostMortem, Proof, RootCause
from orchestrate.models.question import Question
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.signature import Signature, SignatureState
from orchestrate.models.task import FailureKind, Priority
from orchestrate.models.watch import Watch
from orchestrate.models.windows import Window
from tests.agents.situations import CHANGE, OK, ORDER, environment, running, situation

BEGAN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PLACE: Environment = environment().model_copy(update={"window": Window(start="09:00", end="17:00")})


def plan(words: str = "ordinary", name: str = "ordinary") -> Plan:
    """A complete plan; `words` stands for sentences, and `name` for names, that somebody outside gave."""
    asked = situation(runs=running()).model_copy(
        update={
            "version": situation().version.model_copy(update={"name": name}),
            "merge": ORDER.model_copy(update={"message": words, "change": name}),
            "change": CHANGE.model_copy(update={"title": words, "id": name}),
            "overrides": (Override(gate=GateName.WINDOW, by=words, reason=words),),
            "verdicts": (OK.model_copy(update={"path": name, "verdict": "warn", "reasons": (words,)}),),
            "changed_files": (f"config/{name}",),
            "signature": signature(words),
        }
    )
    return asyncio.run(RunbookPlanner().plan(asked))


def signature(words: str) -> Signature:
    good = SignatureState.GOOD
    return Signature(
        commit="a" * 40, state=good, signer=words, key="SHA256:abc", signers="d" * 64, detail=words
    )


def question(plan: Plan) -> Question:
    return Question(
        id="Q7F3K2",
        deployment=plan.deployment,
        gate_kind="approval",
        plan_hash=plan.hash,
        opened_at=BEGAN.timestamp(),
        expires=BEGAN.timestamp() + 86_400,
    )


def findings(words: str = "ordinary") -> Findings:
    return Findings(
        results=tuple(
            GateResult(gate=gate, finding=finding, sentence=words, cure=words, link=words)
            for gate, finding in zip(GateName, (*Finding, *Finding, Finding.PASS), strict=False)
        )
    )


def request(words: str = "ordinary", name: str = "ordinary") -> Request:
    return Request(environment="production", task="T-7", change=name, version=name, requested_by=words)


def failure(words: str = "ordinary") -> Failure:
    return Failure(
        stage=Stage.WATCH,
        kind=FailureKind.HEALTH_CHECKS_FAILED,
        error=words,
        component="shop",
        move=words,
        log_excerpt=words,
        numbers={words: 12.5, "requests": 200},
    )


def cause(
    words: str = "ordinary",
    name: str = "ordinary",
    kind: FailureKind = FailureKind.HEALTH_CHECKS_FAILED,
) -> Cause:
    return Cause(
        fingerprint="9" * 64,
        kind=kind,
        title=words,
        error=f"{words}!",
        stack=words,
        excerpt=words,
        count=3,
        priority=Priority.P0,
        explanation=words,
        suspects=(name,),
    )


def deployment(words: str = "ordinary", outcome: Outcome | None = Outcome.DEPLOYED) -> Deployment:
    return Deployment(
        id="D1",
        request=request(words),
        service="shop",
        environment="production",
        status=Status.FINISHED,
        outcome=outcome,
        reason=words,
        graph_version=1,
        created_at=BEGAN - timedelta(minutes=30),
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(minutes=65),
    )


def story(words: str = "ordinary") -> tuple[Event, ...]:
    kinds = ("picked_up", "merged", "verified", "verdict", "verdict", "rollback_verified", "cause", "cause")
    return tuple(
        Event(
            seq=n,
            deployment="D1",
            at=BEGAN.timestamp() + n,
            stage=Stage.WATCH,
            kind=kind,
            text=f"{words} {n}",
        )
        for n, kind in enumerate(kinds)
    )


def watch(share: int = 25) -> Watch:
    return Watch(
        id="D1:4",
        deployment="D1",
        environment="production",
        component="shop",
        slot="green",
        opened_at=0,
        until=600,
        interval=10,
        share=share,
        next_at=10,
    )


def judgement(words: str = "ordinary") -> Judgement:
    return Judgement(
        verdict=Verdict.FAIL, trigger="error_rate", sentence=words, numbers={words: 12.5}, alerts=(words,)
    )


def postmortem(words: str = "ordinary", name: str = "ordinary") -> PostMortem:
    at = BEGAN.timestamp()
    return PostMortem(
        deployment="D1",
        service="shop",
        environment="production",
        version=name,
        change=name,
        task=name,
        requested_by=words,
        outcome=Outcome.ROLLED_BACK,
        began=at,
        ended=at + 90,
        failed_step="watch",
        error=words,
        timeline=(Moment(at=at + 5, kind="failed", text=words),),
        causes=(RootCause(text=words, task="T-9", guess=words),),
        proofs=(Proof(sentence=words, numbers={words: 12.5}),),
        exposures=(Exposure(component=name, share=25, since=at, until=at + 60),),
        requests=200,
        errors=10,
        follow_ups=(words,),
    )


def _change(words: str, name: str) -> Change:
    return CHANGE.model_copy(update={"title": words, "branch": name, "id": name, "base": name})


def pages(words: str, name: str) -> Mapping[str, str]:
    """Every text that people are told, with the words and names of others."""
    made, gates, failed, why = plan(words, name), findings(words), failure(words), cause(words, name)
    asked, row, wanted = question(made), deployment(words), request(words, name)
    done = BEGAN.timestamp() + 3900
    return {
        "plan": reports.plan_page(made),
        "approval": reports.approval_request(made, asked, PLACE, gates.results),
        "decision": reports.decision_request("go_on", asked, words, PLACE),
        "reminder": reports.reminder(asked, PLACE.approvers),
        "rollback task": reports.rollback_task("D1", "production", words, "Q7F3K2")[1],
        "gates": reports.gates_table(gates.results),
        "blocked": reports.blocked("D1", wanted, gates, words)[1],
        "picked up": reports.picked_up("D1", wanted),
        "started": reports.started("D1", wanted)[1],
        "progress": reports.progress(made, 2),
        "watch": reports.watch_report(watch(), judgement(words), 200),
        "success": reports.success(row, made, story(words), done)[1],
        "failure": reports.failure(
            "D1", wanted, Outcome.ROLLED_BACK, words, failed, ["T-9"], events=story(words), owner="ben"
        )[1],
        "parked": reports.failure("D1", wanted, Outcome.PARKED, words, None, ())[1],
        "rollback failed": reports.rollback_failed("D1", made, failed)[1],
        "post-mortem": reports.postmortem(postmortem(words, name))[1],
        "worded": reports.worded(words, "ordinary"),
        "e2e tests": reports.e2e_tests(made, name, name)[1],
        "resolution": reports.resolution(_change(words, name), words, [name]),
        "resolved": reports.resolved(_change(words, name), _change(words, name), words, [name]),
        "unresolved": reports.unresolved(words),
        "fix": reports.fix(why, failed, made, words),
        "seen again": reports.seen_again("D1", failed),
    }


def titles(words: str) -> Mapping[str, str]:
    """Every title, likewise."""
    made, failed = plan(words, words), failure(words)
    elsewhere = request(words).model_copy(update={"environment": words})
    return {
        "blocked": reports.blocked("D1", elsewhere, findings(words))[0],
        "started": reports.started("D1", elsewhere)[0],
        "success": reports.success(deployment(words), made, story(words), BEGAN.timestamp())[0],
        "rollback task": reports.rollback_task("D1", words, words, "Q7F3K2")[0],
        "failure": reports.failure("D1", elsewhere, Outcome.HELD, words, failed, ())[0],
        "rollback failed": reports.rollback_failed("D1", made, failed)[0],
        "post-mortem": reports.postmortem(postmortem(words, words))[0],
        "e2e tests": reports.e2e_tests(made, words, words)[0],
    }
