"""What the gates found: kept in the deployment's story, read again where it is told, and weighed."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.state import Readiness
from orchestrate.gates import GATES, findings
from orchestrate.models.deployment import Event, Outcome, Told
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, Findings, GateName, GateResult
from orchestrate.models.plan import Plan

AGAINST = (Finding.FAIL, Finding.UNKNOWN, Finding.WAIT)


def told(found: Findings) -> list[Told]:
    """One line of the story for each gate."""
    return [_told(one) for one in found.results]


def _told(one: GateResult) -> Told:
    facts = {"gate": one.gate, "finding": one.finding, "cure": one.cure, "link": one.link}
    facts |= {"overridden_by": one.overridden_by} if one.overridden_by else {}
    return Told(kind="gate", text=one.sentence, data=facts)


def found_in(story: Sequence[Event]) -> Findings:
    """What the gates said last."""
    lines = [one for one in story if one.kind == "gate"][-len(GATES) :]
    said = [GateResult.model_validate({**one.data, "sentence": one.text}) for one in lines]
    return Findings(results=tuple(said))


def blocked_digest(found: Findings) -> str:
    """What is compared to see whether a blocked task may be tried again."""
    return ";".join(f"{one.gate}={one.finding}" for one in found.results)


def readiness(found: Findings, evidence: Evidence, since: float) -> Readiness:
    """Whether it may go on, when it was ready but for checks and reviews since `since` (epoch seconds)."""
    if found.that(Finding.FAIL, Finding.UNKNOWN):
        return Readiness.BLOCKED
    if not found.that(Finding.WAIT):
        return Readiness.READY
    patience = evidence.environment.gates.wait_for_approvals
    return Readiness.WAIT if evidence.at < since + patience else Readiness.BLOCKED


def obstacle(found: Findings) -> Outcome:
    """Whether it is a conflict that stands in the way, or something else."""
    merge = next((one for one in found.results if one.gate is GateName.MERGEABLE), None)
    conflicts = merge is not None and merge.finding is Finding.FAIL and "conflicts" in merge.sentence
    return Outcome.CONFLICT if conflicts else Outcome.BLOCKED


def why(found: Findings) -> str:
    """What stands in the way, in one line; a conflict explains the rest."""
    missing = found.that(*AGAINST)
    if obstacle(found) is Outcome.CONFLICT:
        missing = tuple(one for one in missing if one.gate is GateName.MERGEABLE)
    return "; ".join(f"{one.gate}: {one.sentence}" for one in missing)


def no_longer(evidence: Evidence) -> str:
    """The gates that let the plan through and would not now, or ''."""
    against = Findings(results=findings(evidence)).that(*AGAINST)
    return "; ".join(f"{one.gate}: {one.sentence}" for one in against)


def moved(plan: Plan, evidence: Evidence, settings_digest: str) -> str:
    """What is no longer as it was planned, or ''."""
    if plan.settings_digest != settings_digest:
        return "the environment's settings changed"
    if plan.signature != evidence.signature:
        return "the signature, or the list of allowed signers, is another"
    if plan.images != evidence.images:
        return "the images, or the keys that signed them, are others"
    if other := _another_before(plan, evidence):
        return other
    if plan.merge is not None and evidence.preview is None:
        return "the change can no longer be merged"
    if plan.merge is not None and evidence.preview is not None:
        now = (evidence.preview.head, evidence.preview.base, evidence.preview.tree)
        if now != (plan.merge.head, plan.merge.base, plan.merge.tree):
            return "the change or its base moved"
    before = {one.component: one.from_version.tree if one.from_version else None for one in plan.ships}
    live = {
        one.component: one.live.version.tree if one.live and one.live.version else None
        for one in evidence.running or ()
    }
    return "" if before == live else "another version is live now"


def _another_before(plan: Plan, evidence: Evidence) -> str:
    """Whether the environment before tells something else than it did, or ''."""
    if evidence.proven != tuple(one.proven for one in plan.ships if one.proven):
        return "what the environment before ran is another"
    if evidence.rehearsals != tuple(one.rehearsal for one in plan.ships if one.rehearsal):
        return "what the environment before tried of the way back is another"
    return ""
