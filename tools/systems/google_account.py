"""Google account: the access token of a service account, got for a signed statement of who asks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied, Unreachable
from tools.fetch import Answer, Ask, fetch
from tools.systems.web_api import said_in

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR = 3600
EARLY = 120  # seconds before its end in which a token counts as old
HERE = ("127.0.0.1", "localhost", "::1")


class Key(BaseModel):
    """The file that Google gives for a service account."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105  an address


class Given(BaseModel):
    """The answer of who gives tokens."""

    access_token: str
    expires_in: int = HOUR


@dataclass
class GoogleAccount:
    """One service account; `secret` gives the text of its key when a token is needed."""

    secret: Callable[[], str]
    named: str  # the secret's name, for whoever must renew it
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    async def headers(self, is_stale: bool) -> Mapping[str, str]:
        return {"authorization": f"Bearer {await self.token(is_stale)}"}

    async def token(self, is_stale: bool = False) -> str:
        """An access token of now. Raises AccessDenied, Unreachable."""
        if is_stale or time.time() > self._until - EARLY:
            given = await self._asked()
            self._token, self._until = given.access_token, time.time() + given.expires_in
        return self._token

    async def _asked(self) -> Given:
        key = self._key()
        body = urlencode({"grant_type": GRANT, "assertion": assertion(key, time.time(), self._cure)})
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = await fetch(Ask(url=key.token_uri, method="POST", headers=form, body=body, seconds=10.0))
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable(f"Google gives no token now: {said_in(answer)}")
        if answer.status != 200:
            raise AccessDenied(
                f"Google does not take the key of {key.client_email}: {said_in(answer)}", cure=self._cure
            )
        return _given(answer)

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


def _given(answer: Answer) -> Given:
    try:
        return Given.model_validate_json(answer.body)
    except ValidationError:
        raise Unreachable("Google answered something else than a token") from None
