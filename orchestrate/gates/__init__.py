"""Gates: pure functions of recorded evidence; unknown is never pass."""

from __future__ import annotations

from collections.abc import Callable

from orchestrate.gates.change import CHANGE_GATES
from orchestrate.gates.finding import unknown
from orchestrate.gates.place import PLACE_GATES
from orchestrate.gates.rules import RULE_GATES
from orchestrate.models.deployment import Kind
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, GateName, GateResult, Override

Gate = Callable[[Evidence], GateResult]

GATES: tuple[Gate, ...] = (*CHANGE_GATES, *PLACE_GATES, *RULE_GATES)

OVERRIDABLE = frozenset(
    {
        GateName.WINDOW,
        GateName.PROMOTION,
        GateName.QUARANTINE,
        GateName.RESOURCES,
        GateName.MONITORING,
        GateName.ROLLBACK_READY,
        GateName.SECURITY_SCAN,
    }
)
"""Gates that a named person may pass with a reason; the others can only be cleared."""

BLINDING = {
    "task": frozenset({GateName.DEPENDENCIES, GateName.SECURITY_APPROVAL, GateName.QA_APPROVAL}),
    "change": frozenset(
        {
            GateName.CI_CHECKS,
            GateName.SECURITY_SCAN,
            GateName.SECURITY_APPROVAL,
            GateName.QA_APPROVAL,
            GateName.REVIEWS,
            GateName.MERGEABLE,
        }
    ),
    "quarantines": frozenset({GateName.QUARANTINE}),
}
"""Which gates cannot tell when this could not be read."""

SPARED = frozenset({GateName.RESOURCES, GateName.MONITORING})
"""What is often missing when a rollback is needed most; it keeps none from going back."""


def findings(evidence: Evidence) -> tuple[GateResult, ...]:
    """Every gate's finding, overrides applied, in the order in which they are shown."""
    request = evidence.request
    found = [_overridden(_seen(gate(evidence), evidence), request.overrides) for gate in GATES]
    return tuple(_spared(one) for one in found) if request.kind is Kind.ROLLBACK else tuple(found)


def _seen(result: GateResult, evidence: Evidence) -> GateResult:
    """What was looked for and could not be read is not the same as nothing."""
    for what, gates in BLINDING.items():
        if result.gate in gates and result.finding is Finding.PASS and what in evidence.unread:
            return unknown(result.gate, evidence.unread[what], f"make the {what} readable")
    return result


def _spared(result: GateResult) -> GateResult:
    if result.finding is Finding.PASS or result.gate not in SPARED:
        return result
    sentence = f"{result.sentence}; a rollback does not wait for this"
    return result.model_copy(update={"finding": Finding.PASS, "sentence": sentence})


def _overridden(result: GateResult, overrides: tuple[Override, ...]) -> GateResult:
    if result.finding is Finding.PASS or result.gate not in OVERRIDABLE:
        return result
    override = next((one for one in overrides if one.gate is result.gate), None)
    if override is None:
        return result
    sentence = f"overridden by {override.by}: {override.reason} (was: {result.sentence})"
    return result.model_copy(
        update={"finding": Finding.PASS, "sentence": sentence, "overridden_by": override.by}
    )
