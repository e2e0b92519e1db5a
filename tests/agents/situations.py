"""Situations to plan for: a small service with a database, a worker without traffic, and what runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from agents.situation import Situation
from orchestrate.models.change import Change, MergeMethod, MergeOrder, Version
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import Component, Database, Environment, EnvironmentType, Strategy
from orchestrate.models.gate import Finding, GateName, GateResult
from orchestrate.models.move import MigrationFile
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.smoke import HttpSmoke

OLD = Version(commit="a" * 40, tree="b" * 40, name="1.9")
NEW = Version(commit="c" * 40, tree="d" * 40, name="2.0")
FILE = MigrationFile(path="migrations/0002_ratings.sql", sha256="e" * 64)
OK = MigrationVerdict(path=FILE.path, sha256=FILE.sha256, verdict="ok")
CHANGE = Change(
    id="7",
    title="Show ratings",
    body="Customers asked for stars.",
    author="dana",
    branch="ratings",
    base="main",
    head=NEW.commit,
    opened_at=datetime(2026, 11, 2, tzinfo=UTC),
)
ORDER = MergeOrder(
    change="7",
    method=MergeMethod.SQUASH,
    head=NEW.commit,
    base="f" * 40,
    tree=NEW.tree,
    message="Show ratings (7)",
)
SHOP = Component(
    name="shop",
    port=8080,
    instances=3,
    database=Database(url="sqlite:///shop.db", dialect="sqlite", migrations="migrations"),
    smoke=(HttpSmoke(name="front page", path="/"),),
)
WORKER = Component(name="worker", instances=2)


def environment(
    strategy: Strategy = Strategy.BLUE_GREEN, type: EnvironmentType = EnvironmentType.PRODUCTION
) -> Environment:
    return Environment(
        name="production",
        type=type,
        service="shop",
        components=(SHOP, WORKER),
        strategy=strategy,
        approvers=("ann", "ben"),
        root=Path("/srv/shop"),
    )


def running(version: Version = OLD) -> tuple[Running, ...]:
    shop = Running(
        component="shop", slots=(Slot(name="blue", version=version, wanted=3),), weights={"blue": 100}
    )
    return shop, Running(component="worker", slots=(Slot(name="blue", version=version, wanted=2),))


def situation(
    strategy: Strategy = Strategy.BLUE_GREEN,
    *,
    kind: Kind = Kind.DEPLOY,
    runs: tuple[Running, ...] | None = None,
    migrations: bool = True,
    type: EnvironmentType = EnvironmentType.PRODUCTION,
) -> Situation:
    return Situation(
        deployment="D1",
        request=Request(kind=kind, environment="production", change="7", requested_by="dana"),
        environment=environment(strategy, type),
        change=CHANGE,
        merge=ORDER,
        version=NEW,
        running=running() if runs is None else runs,
        files={"shop": (FILE,)} if migrations else {},
        verdicts=(OK,) if migrations else (),
        gates=(
            GateResult(gate=GateName.CI_CHECKS, finding=Finding.PASS, sentence="4 checks passed"),
            GateResult(gate=GateName.WINDOW, finding=Finding.PASS, sentence="inside the window"),
        ),
        settings_digest="0" * 64,
        changed_files=("shop/page.py", "migrations/0002_ratings.sql"),
        lines_changed=120,
    )
