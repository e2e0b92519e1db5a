"""Who gives Azure's access tokens: for the secret of an application of Microsoft Entra."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.servers.vendor import Plain

TENANT = "shop.example"
CLIENT = "11111111-2222-3333-4444-555555555555"
SECRET = "hush-hush"  # noqa: S105  of nothing


@dataclass
class EntraGiver:
    """Knows one application."""

    url: str = ""
    tokens: set[str] = field(default_factory=set[str])
    given: int = 0
    is_open: bool = True

    def expire(self) -> None:
        """No token that was given is good any more."""
        self.tokens.clear()

    def give(self, path: str, body: str) -> Plain | None:
        """A token for the right secret; None: that is no place of it."""
        if not path.endswith("/oauth2/v2.0/token"):
            return None
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": f"{self.url}/.default"}
        if path != f"/{TENANT}/oauth2/v2.0/token" or asked != {**wanted, "client_secret": SECRET}:
            return Plain(401, _refused("AADSTS7000215: Invalid client secret provided."))
        if not self.is_open:
            return Plain(401, _refused("AADSTS7000222: The provided client secret keys are expired."))
        self.given += 1
        self.tokens.add(f"token-{self.given}")
        return Plain(body={"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.given}"})


def _refused(said: str) -> dict[str, object]:
    return {"error": "invalid_client", "error_description": said, "error_codes": [7000215]}
