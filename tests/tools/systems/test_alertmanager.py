"""Firing alerts from Alertmanager, and each way in which they are not known."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestrate.models.alert import Alert, Source
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tests.servers.answering import Reply
from tests.servers.monitors import FakeAlertmanager, alertmanager, refusing
from tests.tools.systems.running import VERSION, component, slot
from tools.series import Parts, Told
from tools.systems.alertmanager import AlertmanagerSeries

BEFORE, SINCE = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
GREEN = slot("green", [""])  # since the beginning of 2026


@pytest.fixture
def there() -> Generator[FakeAlertmanager]:
    with alertmanager() as made:
        yield made


async def told(
    there: FakeAlertmanager, query: str = 'service="shop"', here: Slot = GREEN, credentials: str | None = None
) -> Parts | SampleState:
    alert = Alert(
        query=query, source=Source.ALERTMANAGER, url=there.url, credentials=credentials, above=Decimal(0)
    )
    return (await AlertmanagerSeries(lambda _: "token").told({"page": alert}, component(), here))["page"]


async def test_only_alerts_that_began_since_the_release_runs_here_count(there: FakeAlertmanager) -> None:
    assert await told(there) == {"green": Told(0.0)}

    ours, theirs = {"service": "shop"}, {"service": "mail"}
    there.alerts = {"old": (ours, BEFORE), "new": (ours, SINCE), "other": (theirs, SINCE)}

    assert await told(there) == {"green": Told(1.0)}


async def test_what_people_silenced_does_not_count(there: FakeAlertmanager) -> None:
    there.alerts, there.silenced = {"new": ({"service": "shop"}, SINCE)}, ("new",)

    assert await told(there) == {"green": Told(0.0)}


async def test_every_matcher_is_a_filter_and_the_slot_is_filled_in(there: FakeAlertmanager) -> None:
    there.alerts = {
        "green": ({"slot": "green", "severity": "page"}, SINCE),
        "blue": ({"slot": "blue", "severity": "page"}, SINCE),
        "mild": ({"slot": "green", "severity": "info"}, SINCE),
    }

    assert await told(there, 'slot="{slot}", severity=~"page|a, b"') == {"green": Told(1.0)}
    assert there.asked[-1] == ['slot="green"', 'severity=~"page|a, b"']


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (refusing(401), SampleState.DENIED),
        (refusing(403), SampleState.DENIED),
        (refusing(429, "5"), SampleState.THROTTLED),
        (refusing(400), SampleState.SOURCE_DOWN),
        (refusing(502), SampleState.SOURCE_DOWN),
        (Reply(body="{}"), SampleState.SOURCE_DOWN),
        (Reply(body='[{"fingerprint": "1", "startsAt": "yesterday"}]'), SampleState.SOURCE_DOWN),
    ],
)
async def test_each_refusal_is_named(there: FakeAlertmanager, refusal: Reply, state: SampleState) -> None:
    there.refusal = refusal

    assert await told(there) is state


async def test_a_token_is_shown_where_one_is_named(there: FakeAlertmanager) -> None:
    there.token = "token"

    assert await told(there, credentials="ALERTS") == {"green": Told(0.0)}
    assert await told(there) is SampleState.DENIED


async def test_nothing_that_runs_is_asked_about_by_nobody(there: FakeAlertmanager) -> None:
    assert await told(there, here=Slot(name="green", version=VERSION, wanted=1)) is SampleState.NO_INSTANCE
    assert there.asked == []


async def test_an_alertmanager_that_is_not_there_is_a_source_that_is_down() -> None:
    nobody = FakeAlertmanager(url="http://127.0.0.1:1")

    assert await told(nobody) is SampleState.SOURCE_DOWN
