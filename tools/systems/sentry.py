"""Sentry: issues that were seen first in this release, since it runs here.

GET …/issues/ of an organisation (https://docs.sentry.io/api/events/list-an-organizations-issues/): `query`
replaces the default is:unresolved, `limit` is at most 100, `project` -1 means all available projects; where
there is none the answer is [], which looks as if nothing was new. `firstSeen:>=` takes an ISO 8601 moment
(https://docs.sentry.io/concepts/search/). X-Hits is not in the reference: Sentry's source sends it, and of
more than a page it is an estimate. The `url` of an alert is https://sentry.io/api/0/organizations/SLUG.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tools.fetch import Answer
from tools.metrics import state_of
from tools.series import Parts, Told
from tools.systems.vendor import Vendor

PAGE = 100  # issues, the most that Sentry gives at once
ALL = -1  # projects
Secrets = Callable[[str], str]


class _Issue(BaseModel):
    """An issue, as far as it counts."""

    id: str
    firstSeen: AwareDatetime  # noqa: N815  Sentry's word


_ISSUES = TypeAdapter(list[_Issue])


class SentrySeries:
    """How many new issues a release has; `secrets` gives the token by the name in `credentials`."""

    def __init__(self, secrets: Secrets, vendor: Vendor | None = None) -> None:
        self._secrets, self._vendor = secrets, vendor or Vendor("Sentry")

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        del component
        found = await asyncio.gather(*(self._one(alert, slot) for alert in alerts.values()))
        return dict(zip(alerts, found, strict=True))

    async def _one(self, alert: Alert, slot: Slot) -> Parts | SampleState:
        if slot.version is None or not slot.instances:
            return SampleState.NO_INSTANCE
        since = min(one.started_at for one in slot.instances).astimezone(UTC)
        try:
            count = await self._new(alert, _search(alert, slot, since), since)
        except OrchestrateError as problem:
            return state_of(problem)
        return {slot.name: Told(float(count))}

    async def _new(self, alert: Alert, search: str, since: datetime) -> int:
        """Raises Unreachable, AccessDenied, UnknownSecret."""
        token = self._secrets(alert.credentials or "")
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        asked = {"query": search, "limit": PAGE, "project": ALL}
        answer = await self._vendor.ask(alert.url or "", f"/issues/?{urlencode(asked)}", headers)
        return max(_seen(answer, since), _hits(answer))


def _search(alert: Alert, slot: Slot, since: datetime) -> str:
    """The query with the release's names, limited to what was seen first since the release runs here."""
    assert slot.version is not None
    query = alert.query or ""
    for name, value in (("{commit}", slot.version.commit), ("{version}", slot.version.name)):
        query = query.replace(name, value)
    return f"{query} firstSeen:>={since:%Y-%m-%dT%H:%M:%S}"


def _seen(answer: Answer, since: datetime) -> int:
    """How many of the page are new. Raises Unreachable."""
    try:
        issues = _ISSUES.validate_json(answer.body)
    except ValidationError:
        raise Unreachable("Sentry answered with something else") from None
    return sum(one.firstSeen >= since.replace(microsecond=0) for one in issues)


def _hits(answer: Answer) -> int:
    """About how many there are where they are more than a page."""
    said = answer.headers.get("x-hits", "")
    count = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    return count if count > PAGE else 0
