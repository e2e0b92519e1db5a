"""Signatures of images: who vouches for the digest that runs, whatever commit it says it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from orchestrate.models.fact import Fact


class ImageState(StrEnum):
    """What a look at the signatures of an image gives; only the first is a yes."""

    GOOD = "good"
    NO_IMAGE = "no_image"  # it is not known as an image of a registry
    MISSING = "missing"
    OTHER_DIGEST = "other_digest"
    OTHER_REFERENCE = "other_reference"
    DAMAGED = "damaged"
    OTHER_KEY = "other_key"


SAYS: Mapping[ImageState, str] = {
    ImageState.GOOD: "is signed",
    ImageState.NO_IMAGE: "is no image of a registry, so that nobody can have signed it",
    ImageState.MISSING: "is not signed",
    ImageState.OTHER_DIGEST: "has a signature that was made for another image",
    ImageState.OTHER_REFERENCE: "has a signature that was made for another repository",
    ImageState.DAMAGED: "has a signature that cannot be read",
    ImageState.OTHER_KEY: "has no signature of an allowed key: another key made it, or it was changed",
}


class ImageSignature(Fact):
    """What is known of the signatures of one component's image."""

    component: str
    image: str = ""  # host/name@digest
    state: ImageState
    key: str = ""  # SHA-256 of the public key that made it
    detail: str = ""

    @property
    def is_good(self) -> bool:
        return self.state is ImageState.GOOD

    @property
    def digest(self) -> str:
        return self.image.rpartition("@")[2]

    @property
    def words(self) -> str:
        """What was found, as one line for people."""
        by = f" with the key {self.key}" if self.is_good else ""
        more = f" ({self.detail})" if self.detail else ""
        return f"{self.component}: {self.image or 'it'} {SAYS[self.state]}{by}{more}"
