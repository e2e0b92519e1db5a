"""Facts that tests of the store begin with."""

from __future__ import annotations

from orchestrate.models.change import Version
from orchestrate.models.deployment import Decision, DecisionKind, Deployment, Lease, Request
from orchestrate.models.environment import EnvironmentType, Monitoring, Triggers
from orchestrate.models.plan import Plan, Risk
from orchestrate.models.question import Question
from orchestrate.models.watch import Watch
from orchestrate.store import Store

VERSION = Version(commit="c" * 40, tree="d" * 40, name="1.2.0")
LATER = 4e9
"""A time that tests do not reach, in epoch seconds."""


class Clock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def request(environment: str = "production", task: str | None = None) -> Request:
    return Request(environment=environment, task=task, requested_by="ada")


def accepted(store: Store, environment: str = "production", task: str | None = None) -> Deployment:
    return store.deployments.accept(request(environment, task), "shop", 1)


def driven(store: Store, environment: str = "production", task: str | None = None) -> Lease:
    """A lease on a new deployment."""
    lease = store.leases.take(accepted(store, environment, task).id, "worker", 60)
    assert lease is not None
    return lease


def asked(store: Store, deployment: str, *, expires: float = LATER, task: str | None = None) -> Question:
    return store.questions.open(deployment, "approval", "a" * 64, "b" * 40, "d" * 40, task, expires, None)


def said(
    question: Question, kind: DecisionKind = DecisionKind.APPROVED, by: str = "ada", plan_hash: str = "a" * 64
) -> Decision:
    return Decision(gate=question.id, kind=kind, by=by, channel="cli", plan_hash=plan_hash, at=1.0)


def watched(store: Store, deployment: str, *, until: float = LATER, index: int = 0) -> Watch:
    return store.watches.open(
        id=f"{deployment}:{index}",
        deployment=deployment,
        environment="production",
        component="web",
        slot="green",
        baseline="blue",
        opened_at=100.0,
        until=until,
        interval=10,
        share=5,
    )


def plan(deployment: str) -> Plan:
    return Plan(
        deployment=deployment,
        environment="production",
        environment_type=EnvironmentType.PRODUCTION,
        service="shop",
        task=None,
        change=None,
        head=None,
        merge=None,
        version=VERSION,
        ships=(),
        moves=(),
        checks=(),
        verification=(),
        triggers=Triggers(),
        monitoring=Monitoring(),
        risk=Risk.LOW,
        risk_reasons=(),
        success=(),
        rollback_seconds=5,
        settings_digest="0" * 64,
        made_by="runbook",
    )
