"""Who gives Google's access tokens: for a statement that is signed by a service account's key."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from typing import cast
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.openapi import Json
from tests.servers.vendor import Plain

EMAIL = "deployer@shop-1.iam.gserviceaccount.com"
REFUSED = Plain(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class TokenGiver:
    """Knows one service account."""

    url: str = ""
    tokens: set[str] = field(default_factory=set[str])
    given: int = 0
    is_open: bool = True
    lost_key: str = ""  # what somebody put into the place of the key

    @property
    def key(self) -> str:
        """The key of the service account, as Google gives it."""
        if self.lost_key:
            return self.lost_key
        form = serialization.PrivateFormat.PKCS8
        pem = private_key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        told = {"type": "service_account", "client_email": EMAIL, "private_key_id": "k1"}
        return json.dumps({**told, "private_key": pem.decode(), "token_uri": f"{self.url}/token"})

    def expire(self) -> None:
        """No token that was given is good any more."""
        self.tokens.clear()

    def give(self, body: str) -> Plain:
        """A token for a good statement."""
        statement = parse_qs(body)["assertion"][0]
        said, _, signature = statement.rpartition(".")
        try:
            private_key().public_key().verify(
                _unpacked(signature), said.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return REFUSED
        claims = cast(Json, json.loads(_unpacked(said.partition(".")[2])))
        if not self.is_open or claims["iss"] != EMAIL or claims["aud"] != f"{self.url}/token":
            return REFUSED
        self.given += 1
        self.tokens.add(f"token-{self.given}")
        return Plain(body={"access_token": f"token-{self.given}", "expires_in": 3599, "token_type": "Bearer"})


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
