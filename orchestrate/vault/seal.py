"""Seals: AES-256-GCM under one key, bound to the place where the sealed data belongs."""

from __future__ import annotations

import json
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orchestrate.errors import SealBroken

KEY_BYTES = 32
NONCE_BYTES = 12


def new_key() -> bytes:
    """A fresh key."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def place(*words: str | int) -> bytes:
    """The identity of a place as associated data: no two lists of words give the same."""
    return json.dumps(words, separators=(",", ":")).encode()


def sealed(key: bytes, data: bytes, bound: bytes) -> bytes:
    """Nonce and ciphertext of `data`, which opens with the same key at the same place only."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, data, bound)


def unsealed(key: bytes, data: bytes, bound: bytes) -> bytes:
    """What was sealed. Raises SealBroken when one bit, the key or the place is another."""
    try:
        return _cipher(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise SealBroken("it was changed, was moved here from elsewhere, or is not ours") from None


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    """Made once per key: a position is sealed at every step."""
    return AESGCM(key)
