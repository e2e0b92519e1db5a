"""Signatures: who vouches for a version, where an environment demands that somebody does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from orchestrate.errors import Unreachable
from orchestrate.models.change import Version
from orchestrate.models.signature import Signature, SignatureState


class Signatures(Protocol):
    """Verifies who signed what is deployed."""

    async def of(self, version: Version, signers: Path) -> Signature:
        """The signature of the version's commit, held against the list of allowed signers at `signers`.

        A commit of the base branch that is not signed well itself, and is nothing but the merge of a head,
        has that head's signature: whoever merged added nothing. What is wrong with a signature is in the
        answer. Raises Unreachable when the list cannot be read, UnknownVersion when there is no such commit.
        """
        ...


class MemorySignatures:
    """Believes what it was told about commits; a list of allowed signers is read as ssh-keygen reads it."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}  # commit → type and text of the key that signed it
        self.heads: dict[str, str] = {}  # commit of the base branch → the head that it merged, and no more

    async def of(self, version: Version, signers: Path) -> Signature:
        listed = read_list(signers).decode()
        own = self._held_against(version.commit, listed)
        head = self.heads.get(version.commit)
        return own if own.is_good or head is None else self._held_against(head, listed)

    def _held_against(self, commit: str, listed: str) -> Signature:
        digest, key = hashlib.sha256(listed.encode()).hexdigest(), self.keys.get(commit)
        if key is None:
            return Signature(commit=commit, state=SignatureState.UNSIGNED, signers=digest)
        signer = next((line.split()[0] for line in listed.splitlines() if key in line), "")
        return Signature(
            commit=commit,
            state=SignatureState.GOOD if signer else SignatureState.UNKNOWN_SIGNER,
            signer=signer,
            key=f"SHA256:{hashlib.sha256(key.encode()).hexdigest()}",
            signers=digest,
        )


def read_list(signers: Path) -> bytes:
    """The list of allowed signers. Raises Unreachable."""
    try:
        return signers.read_bytes()
    except OSError as problem:
        raise Unreachable(
            f"the allowed signers cannot be read: {signers}: {problem.strerror}",
            cure="put the file that `signed_by` names back in its place",
        ) from problem
