"""The gate about artifacts: each exists or will be built, and somebody vouches where that is demanded."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.gates.finding import failed, passed, unknown
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, GateName, GateResult
from orchestrate.models.signature import SignatureState

READABLE = "make the repository and the list of allowed signers readable"
SIGN = "sign it with an allowed SSH key: git -c gpg.format=ssh commit --amend -S"

SIGN_IMAGE = "sign its digest with an allowed key: cosign sign --key cosign.key HOST/NAME@DIGEST"

UNTOLD: Mapping[SignatureState, str] = {
    SignatureState.NO_PROGRAM: "install OpenSSH, whose ssh-keygen verifies signatures",
    SignatureState.UNCLEAR: "see that git and ssh-keygen work on this machine",
}
"""States that say nothing about the signature, and what would let it be told."""

CURES: Mapping[SignatureState, str] = {
    SignatureState.BAD: SIGN,
    SignatureState.UNSIGNED: SIGN,
    SignatureState.OTHER_KIND: SIGN,
    SignatureState.UNKNOWN_SIGNER: "have it signed by somebody who is allowed, or allow this key",
}


def artifact(evidence: Evidence) -> GateResult:
    """G6: each component's artifact exists, or can be built; a signature that is demanded is good."""
    gate = GateName.ARTIFACT
    if evidence.buildable is None or evidence.built is None:
        what = "buildable" if evidence.buildable is None else "built"
        return unknown(gate, _why(evidence, what), "make the provider reachable")
    missing = [one.name for one in evidence.environment.components if one.name not in evidence.buildable]
    if missing:
        return failed(
            gate, f"cannot be built: {', '.join(missing)}", "configure its build, or push the artifact"
        )
    rules, states = evidence.environment.artifact, _states(evidence, evidence.built)
    found = passed(gate, states) if rules.signed_by is None else _signed(evidence, states)
    if rules.image_signed_by is None or found.finding is not Finding.PASS:
        return found
    return _images(evidence, found.sentence)


def _states(evidence: Evidence, built: tuple[str, ...]) -> str:
    """Which artifacts exist, and which will be built."""
    names = [one.name for one in evidence.environment.components]
    states = {
        "built": [name for name in names if name in built],
        "to be built before the first move": [name for name in names if name not in built],
    }
    return "; ".join(f"{state}: {', '.join(of)}" for state, of in states.items() if of)


def _signed(evidence: Evidence, states: str) -> GateResult:
    """What the signature says; a rollback may bring back without one what was verified here."""
    gate, found = GateName.ARTIFACT, evidence.signature
    said = found.words if found else _why(evidence, "signature")
    if found and found.is_good:
        return passed(gate, f"{states}; {said}")
    if evidence.goes_back:
        return passed(gate, f"{states}; {said}; a rollback to what was verified here does not wait for this")
    if found is None or found.state in UNTOLD:
        return unknown(gate, said, UNTOLD[found.state] if found else READABLE)
    return failed(gate, said, CURES[found.state])


def _images(evidence: Evidence, states: str) -> GateResult:
    """What the signatures of all images say; a rollback may go without as with `signed_by`."""
    gate, bad = GateName.ARTIFACT, [one for one in evidence.images if not one.is_good]
    said = "; ".join(one.words for one in bad or evidence.images) or _why(evidence, "images")
    if evidence.images and not bad:
        return passed(gate, f"{states}; {said}")
    if evidence.goes_back:
        return passed(gate, f"{states}; {said}; a rollback to what was verified here does not wait for this")
    if not evidence.images:
        return unknown(gate, said, "make the registry and the public keys readable")
    return failed(gate, said, SIGN_IMAGE)


def _why(evidence: Evidence, field: str) -> str:
    return evidence.unread.get(field, f"{field} is not known")
