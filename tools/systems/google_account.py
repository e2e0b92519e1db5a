"""Google account: the access token of a service account, got for a signed statement of who asks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied
from tools.systems.access_token import HOUR, Given, given

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HERE = ("127.0.0.1", "localhost", "::1")


class Key(BaseModel):
    """The file that Google gives for a service account."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105  an address


@dataclass(frozen=True)
class GoogleAccount:
    """One service account; `secret` gives the text of its key when a token is needed."""

    secret: Callable[[], str]
    named: str  # the secret's name, for whoever must renew it

    async def given(self) -> Given:
        """A new token. Raises AccessDenied, Unreachable."""
        key = self._key()
        form = {"grant_type": GRANT, "assertion": assertion(key, time.time(), self._cure)}
        return await given("Google", key.token_uri, form, f"the key of {key.client_email}", self._cure)

    def _key(self) -> Key:
        try:
            key = Key.model_validate_json(self.secret())
        except ValidationError:
            said = f"the secret {self.named} is no key of a service account"
            raise AccessDenied(said, cure=self._cure) from None
        place = urlsplit(key.token_uri)
        if place.scheme != "https" and place.hostname not in HERE:
            raise AccessDenied(f"the key in {self.named} names a token_uri without TLS", cure=self._cure)
        return key

    @property
    def _cure(self) -> str:
        return f"put the JSON key of a service account that is valid into the secret {self.named}"


def assertion(key: Key, now: float, cure: str = "") -> str:
    """Who asks for which rights, until when, signed by the key. Raises AccessDenied: the key is none."""
    head = {"alg": "RS256", "typ": "JWT", **({"kid": key.private_key_id} if key.private_key_id else {})}
    claims = {
        "iss": key.client_email,
        "scope": SCOPE,
        "aud": key.token_uri,
        "iat": int(now),
        "exp": int(now) + HOUR,
    }
    said = b".".join(_packed(json.dumps(one).encode()) for one in (head, claims))
    try:
        private = cast(RSAPrivateKey, load_pem_private_key(key.private_key.encode(), password=None))
        signature = private.sign(said, PKCS1v15(), hashes.SHA256())
    except (ValueError, TypeError, AttributeError):
        raise AccessDenied("the private key of the service account cannot be read", cure=cure) from None
    return b".".join((said, _packed(signature))).decode()


def _packed(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")
