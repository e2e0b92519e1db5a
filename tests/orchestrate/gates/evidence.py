"""Evidence as the gates find it when everything is well."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrate.gates import GATES
from orchestrate.models.change import (
    Change,
    ChangeState,
    Check,
    CheckState,
    Preview,
    Review,
    ReviewVerdict,
    Version,
)
from orchestrate.models.deployment import Request
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName, GateResult
from orchestrate.models.runtime import Resources, Running, Slot
from orchestrate.models.sample import SampleState
from tests.stories.places import PEOPLE, production

HEAD, BASE, TREE = "a" * 40, "b" * 40, "c" * 40
AT = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
VERSION = Version(commit=HEAD, tree=TREE, name=HEAD[:8])
CHANGE = Change(
    id="7",
    title="Faster",
    author="mira",
    branch="faster",
    base="main",
    head=HEAD,
    reviews=(Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=HEAD, at=AT),),
    checks=(Check(name="tests", state=CheckState.PASSED, sha=HEAD),),
    opened_at=AT,
)
MERGED = CHANGE.model_copy(update={"state": ChangeState.MERGED, "merge_commit": BASE})
LIVE = Running(component="web", slots=(Slot(name="blue", version=VERSION, wanted=0),), weights={"blue": 100})


def change(**news: object) -> Change:
    """The change, but for this."""
    return CHANGE.model_copy(update=news)


def evidence(settings: dict[str, object] | None = None, /, **news: object) -> Evidence:
    """What is found when all is well, but for this; `settings` are the environment's."""
    well = Evidence(
        at=AT.timestamp(),
        request=Request(environment="production", requested_by="rob", change="7"),
        environment=production(Path("/nowhere"), **(settings or {})),
        people=PEOPLE,
        change=CHANGE,
        preview=Preview(head=HEAD, base=BASE, tree=TREE),
        version=VERSION,
        verdicts=(),
        running=(LIVE,),
        resources=Resources(disk=10, memory=10, cpu=10),
        missing_secrets=(),
        buildable=("web",),
        backup_possible=True,
        metrics={"web": SampleState.OK},
    )
    return well.model_copy(update=news)


def finding(gate: GateName, given: Evidence) -> GateResult:
    """What one gate says."""
    return next(one for one in (gate_of(given) for gate_of in GATES) if one.gate is gate)
