"""Signatures: who vouches for a commit, and how it is known."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.fact import Fact


class SignatureState(StrEnum):
    """What a look at a commit's signature gives; only the first is a yes."""

    GOOD = "good"
    BAD = "bad"  # not made for this commit, or broken
    UNSIGNED = "unsigned"
    UNKNOWN_SIGNER = "unknown_signer"  # its key is not allowed, or no longer
    OTHER_KIND = "other_kind"  # OpenPGP or X.509, where an SSH key is demanded
    NO_PROGRAM = "no_program"  # ssh-keygen is not installed
    UNCLEAR = "unclear"  # the programs say nothing that can be understood


class Signature(Fact):
    """The signature of one commit, held against one list of allowed signers."""

    commit: str
    state: SignatureState
    signer: str = ""  # as the list names whoever has the key
    key: str = ""  # its fingerprint, such as SHA256:Yq3…
    signers: str  # SHA-256 of the list
    detail: str = ""  # what the programs said, where it is not good

    @property
    def is_good(self) -> bool:
        return self.state is SignatureState.GOOD

    @property
    def words(self) -> str:
        """What was found, as one line for people."""
        commit, more = f"commit {self.commit[:10]}", f" ({self.detail})" if self.detail else ""
        match self.state:
            case SignatureState.GOOD:
                return f"{commit} is signed by {self.signer} with {self.key}"
            case SignatureState.BAD:
                return f"the signature of {commit} is not valid{more}"
            case SignatureState.UNSIGNED:
                return f"{commit} is not signed"
            case SignatureState.UNKNOWN_SIGNER:
                return f"{commit} is signed with {self.key or 'a key'}, which no allowed signer has{more}"
            case SignatureState.OTHER_KIND:
                return f"{commit} is signed, but not with an SSH key"
            case SignatureState.NO_PROGRAM:
                return f"the signature of {commit} cannot be verified: ssh-keygen is not installed"
            case SignatureState.UNCLEAR:
                return f"the signature of {commit} cannot be verified{more}"
