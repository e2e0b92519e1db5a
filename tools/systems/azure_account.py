"""Azure account: the access token of an application of Microsoft Entra, got for its secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.systems.access_token import Given, given


@dataclass(frozen=True)
class AzureAccount:
    """One application; `secret` gives its secret when a token for `scope` is needed."""

    login: str  # where tokens are given
    tenant: str
    client: str
    secret: Callable[[], str]
    named: str  # the secret's name, for whoever must renew it
    scope: str

    async def given(self) -> Given:
        """A new token. Raises AccessDenied, Unreachable."""
        url = f"{self.login.rstrip('/')}/{self.tenant}/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "client_id": self.client, "scope": self.scope}
        whose = f"the secret of the application {self.client}"
        cure = f"put a client secret that is valid into the secret {self.named}"
        return await given("Microsoft Entra", url, {**form, "client_secret": self.secret()}, whose, cure)
