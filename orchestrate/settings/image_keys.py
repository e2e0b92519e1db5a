"""Keys of images: the public keys whose signatures of images count, checked before anybody relies on them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrate.settings.tree import Document, Loc

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

LARGEST = 65_536  # bytes
CURE = (
    "the file that `cosign generate-key-pair` calls cosign.pub: a PEM public key on P-256; several may follow"
)
_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class PublicKey:
    """A key on P-256, and what it is known by."""

    key: EllipticCurvePublicKey
    fingerprint: str  # SHA-256 of its DER, in hex

    def made(self, signature: bytes, payload: bytes) -> bool:
        """Whether the signature (ASN.1) of the payload is this key's, over SHA-256."""
        from cryptography.exceptions import InvalidSignature  # here: the command line is to start quickly
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.key.verify(signature, payload, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def keys_in(text: bytes) -> tuple[PublicKey, ...]:
    """Every key of a PEM file. Raises ValueError where there is none, or one that is not for this."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

    found: list[PublicKey] = []
    for block in _BLOCK.finditer(text):
        if block[1] != b"PUBLIC KEY":
            raise ValueError(f"it holds a {block[1].decode()}, and not a public key alone")
        try:
            key = form.load_pem_public_key(block[0])
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("one of its public keys cannot be read") from None
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("one of its public keys is not on the curve P-256")
        der = key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        found.append(PublicKey(key, hashlib.sha256(der).hexdigest()))
    if not found:
        raise ValueError("it holds no public key in PEM")
    return tuple(found)


def check_image_keys(document: Document, loc: Loc, path: Path) -> None:
    """Raise SettingsInvalid where the file that stands at `loc` holds no key that could be used."""
    try:
        with path.open("rb") as file:
            keys_in(file.read(LARGEST))
    except OSError as problem:
        said = f"image_signed_by: the public key cannot be read: {path}: {problem.strerror}"
        raise document.fault(loc, said, cure=CURE) from None
    except ValueError as problem:
        raise document.fault(loc, f"image_signed_by: {path}: {problem}", cure=CURE) from None
