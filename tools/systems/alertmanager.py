"""Alertmanager: how many alerts fire that began since the release runs here.

GET …/api/v2/alerts (api/v2/openapi.yaml of github.com/prometheus/alertmanager): `filter` is one matcher and
may be repeated; what is silenced or inhibited is left out when it is not asked for. What people silenced is
known to them, and what fired before the release came is not its doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.alert import Alert, matchers
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tools.fetch import Answer
from tools.metrics import state_of
from tools.series import Parts, Told
from tools.systems.sentry import Secrets
from tools.systems.vendor import Vendor

FIRING = (("active", "true"), ("silenced", "false"), ("inhibited", "false"), ("unprocessed", "false"))


class _Fired(BaseModel):
    """An alert, as far as it counts."""

    fingerprint: str
    startsAt: AwareDatetime  # noqa: N815  Alertmanager's word


_ALERTS = TypeAdapter(list[_Fired])


class AlertmanagerSeries:
    """How many alerts fire; `secrets` gives the token by the name in `credentials`, where one is wanted."""

    def __init__(self, secrets: Secrets, vendor: Vendor | None = None) -> None:
        self._secrets, self._vendor = secrets, vendor or Vendor("Alertmanager")

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        del component
        found = await asyncio.gather(*(self._one(alert, slot) for alert in alerts.values()))
        return dict(zip(alerts, found, strict=True))

    async def _one(self, alert: Alert, slot: Slot) -> Parts | SampleState:
        if not slot.instances:
            return SampleState.NO_INSTANCE
        since = min(one.started_at for one in slot.instances).astimezone(UTC)
        try:
            return {slot.name: Told(float(await self._firing(alert, slot.name, since)))}
        except OrchestrateError as problem:
            return state_of(problem)

    async def _firing(self, alert: Alert, slot: str, since: datetime) -> int:
        """Raises Unreachable, RateLimited, AccessDenied, UnknownSecret."""
        wanted = [("filter", one) for one in matchers((alert.query or "").replace("{slot}", slot))]
        token = self._secrets(alert.credentials) if alert.credentials else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        path = f"/api/v2/alerts?{urlencode((*FIRING, *wanted))}"
        return _begun(await self._vendor.ask(alert.url or "", path, headers), since)


def _begun(answer: Answer, since: datetime) -> int:
    """How many began since then. Raises Unreachable."""
    try:
        alerts = _ALERTS.validate_json(answer.body)
    except ValidationError:
        raise Unreachable("Alertmanager answered with something else") from None
    return len({one.fingerprint for one in alerts if one.startsAt >= since})
