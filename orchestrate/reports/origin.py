"""Where what is deployed comes from: which artifact ran before, and who signed it."""

from __future__ import annotations

from orchestrate.models.image_signature import ImageSignature
from orchestrate.models.plan import Shipped
from orchestrate.models.proven import SAYS, Proven
from orchestrate.models.rehearsed import Rehearsal
from orchestrate.models.signature import Signature
from orchestrate.reports.exact import code, inline
from orchestrate.reports.markdown import bullets


def signature(one: Signature | None) -> str:
    """Who vouches for the version, and against which list that was held."""
    if one is None:
        return ""
    return bullets(
        (
            f"commit {code(one.commit)}: {inline(f'{one.state} {one.detail}')}",
            f"signed by {inline(one.signer) or 'nobody known'} with {code(one.key) or 'no key'}",
            f"held against the list of allowed signers {code(one.signers)}",
        )
    )


def proven(ships: tuple[Shipped, ...]) -> str:
    """Which artifact the environment before ran and verified, and whether exactly that comes here."""
    return bullets(
        f"{code(one.component)} in {code(one.environment)} (deployment {code(one.deployment)}): "
        f"{_artifact(one)}{SAYS[one.sameness]}"
        for shipped in ships
        if (one := shipped.proven) is not None
    )


def rehearsals(ships: tuple[Shipped, ...]) -> str:
    """Whether the way back was tried in the environment before, in which deployment, and to what."""
    return bullets(
        f"{code(one.component)} in {code(one.environment)}, {one.trial}"
        f"{f' (deployment {code(one.deployment)})' if one.deployment else ''}: "
        f"{inline(one.words(shipped.from_version), 300)}{_back(one)}"
        for shipped in ships
        if (one := shipped.rehearsal) is not None
    )


def _back(one: Rehearsal) -> str:
    if one.version is None:
        return ""
    name, commit, tree = one.version.name, one.version.commit, one.version.tree
    return f" ({code(name)}: commit {code(commit)}, tree {code(tree)})"


def _artifact(one: Proven) -> str:
    if not one.digest:
        return ""
    return f"{code(one.digest)}, of commit {code(one.commit)}, at {code(one.location)}; {one.sameness}: "


def images(found: tuple[ImageSignature, ...]) -> str:
    """Which key signed what runs."""
    return bullets(
        f"{code(one.component)}: {code(one.image)}, {inline(f'{one.state} {one.detail}')}, "
        f"key {code(one.key)}"
        for one in found
    )
