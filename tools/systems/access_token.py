"""Access token: what lets us in for an hour or so, asked for again before it ends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied, Unreachable
from tools.fetch import Ask, fetch
from tools.systems.web_api import said_in

HOUR = 3600
EARLY = 120  # seconds before its end in which a token counts as old
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Given(BaseModel):
    """The answer of who gives tokens (OAuth 2)."""

    access_token: str
    expires_in: int = HOUR


@dataclass
class AccessToken:
    """The token of one account; `ask` has a new one given."""

    ask: Callable[[], Awaitable[Given]]
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    async def headers(self, is_stale: bool) -> Mapping[str, str]:
        return {"authorization": f"Bearer {await self.token(is_stale)}"}

    async def token(self, is_stale: bool = False) -> str:
        """An access token of now. Raises AccessDenied, Unreachable."""
        if is_stale or time.time() > self._until - EARLY:
            given = await self.ask()
            self._token, self._until = given.access_token, time.time() + given.expires_in
        return self._token


async def given(giver: str, url: str, form: Mapping[str, str], whose: str, cure: str) -> Given:
    """What `giver` gives at `url` for the form; `whose` credentials it are, in words.

    Raises AccessDenied with the giver's words and `cure`, Unreachable.
    """
    answer = await fetch(Ask(url=url, method="POST", headers=FORM, body=urlencode(form), seconds=10.0))
    if answer.status >= 500 or answer.status == 429:
        raise Unreachable(f"{giver} gives no token now: {said_in(answer)}")
    if answer.status != 200:
        raise AccessDenied(f"{giver} does not take {whose}: {said_in(answer)}", cure=cure)
    try:
        return Given.model_validate_json(answer.body)
    except ValidationError:
        raise Unreachable(f"{giver} answered something else than a token") from None
