"""The gate about artifacts: named states, and a signature where one is demanded."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.gates import findings
from orchestrate.gates.artifact import artifact
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import ArtifactRules
from orchestrate.models.gate import Finding, GateName, Override
from orchestrate.models.image_signature import ImageSignature, ImageState
from orchestrate.models.signature import Signature, SignatureState
from tests.orchestrate.gates.evidence import HEAD, evidence

DEMANDED: dict[str, object] = {"artifact": ArtifactRules(signed_by=Path("/nowhere/signers.allowed"))}
GOOD = Signature(
    commit=HEAD, state=SignatureState.GOOD, signer="ada@example.test", key="SHA256:abc", signers="d" * 64
)


IMAGES: dict[str, object] = {"artifact": ArtifactRules(image_signed_by=Path("/nowhere/cosign.pub"))}


def signed(state: ImageState) -> ImageSignature:
    return ImageSignature(component="web", image="registry.test/web@sha256:1", state=state, key="k")


@pytest.mark.parametrize("state", ImageState)
def test_only_a_good_signature_of_the_image_passes(state: ImageState) -> None:
    found = artifact(evidence(IMAGES, images=(signed(state),)))

    assert found.finding is (Finding.PASS if state is ImageState.GOOD else Finding.FAIL)
    assert "web: registry.test/web@sha256:1" in found.sentence


def test_a_registry_that_does_not_answer_is_no_yes() -> None:
    found = artifact(evidence(IMAGES, unread={"images": "the registry is down"}))

    assert (found.finding, found.sentence) == (Finding.UNKNOWN, "the registry is down")


def signature(state: SignatureState) -> Signature:
    return GOOD if state is SignatureState.GOOD else Signature(commit=HEAD, state=state, signers="d" * 64)


@pytest.mark.parametrize(
    ("built", "said"), [((), "to be built before the first move: web"), (("web",), "built: web")]
)
def test_whether_it_exists_or_will_be_built_is_a_state_with_a_name(built: tuple[str, ...], said: str) -> None:
    found = artifact(evidence(built=built))

    assert (found.finding, found.sentence) == (Finding.PASS, said)


def test_whether_it_exists_has_to_be_known() -> None:
    found = artifact(evidence(built=None, unread={"built": "the place does not answer"}))

    assert (found.finding, found.sentence) == (Finding.UNKNOWN, "the place does not answer")


def test_who_signed_with_which_key_is_the_evidence() -> None:
    found = artifact(evidence(DEMANDED, signature=GOOD))

    assert found.finding is Finding.PASS
    assert found.sentence.endswith("; commit aaaaaaaaaa is signed by ada@example.test with SHA256:abc")


@pytest.mark.parametrize(
    ("state", "finding"),
    [
        (SignatureState.GOOD, Finding.PASS),
        (SignatureState.BAD, Finding.FAIL),
        (SignatureState.UNSIGNED, Finding.FAIL),
        (SignatureState.UNKNOWN_SIGNER, Finding.FAIL),
        (SignatureState.OTHER_KIND, Finding.FAIL),
        (SignatureState.NO_PROGRAM, Finding.UNKNOWN),
        (SignatureState.UNCLEAR, Finding.UNKNOWN),
    ],
)
def test_only_a_good_signature_passes(state: SignatureState, finding: Finding) -> None:
    found = artifact(evidence(DEMANDED, signature=signature(state)))

    assert found.finding is finding
    assert bool(found.cure) is (finding is not Finding.PASS)


def test_a_signature_that_could_not_be_read_is_unknown() -> None:
    found = artifact(evidence(DEMANDED, unread={"signature": "the allowed signers cannot be read"}))

    assert (found.finding, found.sentence) == (Finding.UNKNOWN, "the allowed signers cannot be read")


def test_nobody_looks_at_signatures_where_none_is_demanded() -> None:
    assert artifact(evidence(signature=signature(SignatureState.BAD))).finding is Finding.PASS


def test_no_word_of_a_person_replaces_a_signature() -> None:
    given = evidence(DEMANDED, signature=signature(SignatureState.UNSIGNED))
    override = Override(gate=GateName.ARTIFACT, by="ada", reason="trust me")
    asked = given.model_copy(update={"request": given.request.model_copy(update={"overrides": (override,)})})

    (found,) = [one for one in findings(asked) if one.gate is GateName.ARTIFACT]

    assert found.finding is Finding.FAIL


@pytest.mark.parametrize(("proven_here", "finding"), [(True, Finding.PASS), (False, Finding.FAIL)])
def test_a_rollback_needs_a_signature_only_for_what_did_not_run_here(
    proven_here: bool, finding: Finding
) -> None:
    given = evidence(DEMANDED, signature=signature(SignatureState.UNSIGNED), proven_here=proven_here)
    back = given.model_copy(update={"request": given.request.model_copy(update={"kind": Kind.ROLLBACK})})

    assert artifact(back).finding is finding
    assert artifact(given).finding is Finding.FAIL
