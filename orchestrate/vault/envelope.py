"""Envelopes: a secret under a data key of its own, which is wrapped by a master key; as one text.

`o1.<master key's id>.<wrapped data key>.<sealed value>`, the last two in base64. Both are bound to the
environment, the name and the version, so that no row opens in another row's place.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from orchestrate.errors import KeyUnusable, SealBroken
from orchestrate.models.sealed import SealedSecret
from orchestrate.models.secret import Secret
from orchestrate.vault.keys import Keys
from orchestrate.vault.seal import new_key, place, sealed, unsealed

OURS = "(orchestrate)"
"""The environment of the product's own secrets, such as the key of the positions."""

FORMAT = "o1"
_TEXT = re.compile(r"o1\.([0-9A-Za-z:/_-]{1,512})\.([A-Za-z0-9_=-]{1,65536})\.([A-Za-z0-9_=-]{1,262144})")


@dataclass(frozen=True)
class Envelope:
    """The parts of a sealed text."""

    key: str  # the master key's id
    wrapped: bytes
    value: bytes

    @property
    def text(self) -> str:
        parts = (base64.urlsafe_b64encode(one).decode() for one in (self.wrapped, self.value))
        return ".".join([FORMAT, self.key, *parts])


def envelope_of(row: SealedSecret) -> Envelope:
    """The parts of the row's text. Raises SealBroken for anything else, plain text first of all."""
    match = _TEXT.fullmatch(row.sealed)
    if match is None:
        raise _broken(row, "it is not sealed")
    try:
        wrapped, value = (base64.b64decode(match[part], altchars=b"-_", validate=True) for part in (2, 3))
    except (binascii.Error, ValueError):
        raise _broken(row, "it is not whole") from None
    return Envelope(match[1], wrapped, value)


def closed(row: SealedSecret, value: Secret, keys: Keys) -> SealedSecret:
    """The row with `value` under a new data key. Raises KeyUnusable."""
    data_key = new_key()
    inner = sealed(data_key, value.reveal().encode(), _bound(row, "value"))
    id, wrapped = keys.wrap(data_key, _bound(row, "data key"))
    return row.model_copy(update={"sealed": Envelope(id, wrapped, inner).text})


def opened(row: SealedSecret, keys: Keys) -> Secret:
    """The value. Raises SealBroken, and KeyUnusable when the master key is not there."""
    return Secret(_text(row, keys))


def resealed(row: SealedSecret, keys: Keys) -> SealedSecret:
    """The same value under a new data key."""
    return closed(row, Secret.composed(_text(row, keys)), keys)


def rewrapped(row: SealedSecret, keys: Keys) -> SealedSecret:
    """The same value under the same data key, wrapped by the first master key; it is proved to open."""
    found = envelope_of(row)
    _text(row, keys)
    data_key = _data_key(row, found, keys)
    id, wrapped = keys.wrap(data_key, _bound(row, "data key"))
    return row.model_copy(update={"sealed": Envelope(id, wrapped, found.value).text})


def _text(row: SealedSecret, keys: Keys) -> str:
    found = envelope_of(row)
    data_key = _data_key(row, found, keys)
    try:
        return unsealed(data_key, found.value, _bound(row, "value")).decode()
    except (SealBroken, UnicodeDecodeError) as broken:
        raise _broken(row, str(broken)) from None


def _data_key(row: SealedSecret, found: Envelope, keys: Keys) -> bytes:
    try:
        return keys.unwrap(found.key, found.wrapped, _bound(row, "data key"))
    except SealBroken as broken:
        raise _broken(row, str(broken)) from None
    except KeyUnusable as unusable:
        raise KeyUnusable(f"{_named(row)}: {unusable}", cure=unusable.cure) from None


def _bound(row: SealedSecret, what: str) -> bytes:
    return place("orchestrate secret", FORMAT, what, row.environment, row.name, row.version)


def _broken(row: SealedSecret, why: str) -> SealBroken:
    again = f"set it again: orchestrate secret set {row.name} --env {row.environment}"
    given_up = f"give up what is under way: orchestrate secret rm {row.name} --env '{OURS}'"
    cure = given_up if row.environment == OURS else again
    return SealBroken(f"{_named(row)} is refused: {why}", cure=cure)


def _named(row: SealedSecret) -> str:
    return f"the secret {row.name} of {row.environment}"
