"""New issues of a release from Sentry, and each way in which they are not known."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestrate.models.alert import Alert, Source
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tests.servers.answering import Reply
from tests.servers.monitors import FakeSentry, refusing, sentry
from tests.tools.systems.running import VERSION, component, slot
from tools.series import Parts, Told
from tools.systems.sentry import SentrySeries

BEFORE, SINCE = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
GREEN = slot("green", [""])  # since the beginning of 2026


@pytest.fixture
def there() -> Generator[FakeSentry]:
    with sentry() as made:
        yield made


async def told(there: FakeSentry, here: Slot = GREEN) -> Parts | SampleState:
    alert = Alert(
        query="project:shop firstRelease:{commit}",
        source=Source.SENTRY,
        url=there.url,
        credentials="SENTRY",
        above=Decimal(0),
    )
    return (await SentrySeries(lambda _: "token").told({"new": alert}, component(), here))["new"]


async def test_only_issues_that_came_with_the_release_count(there: FakeSentry) -> None:
    assert await told(there) == {"green": Told(0.0)}

    there.issues = {"1": BEFORE, "2": SINCE, "3": datetime(2026, 1, 2, tzinfo=UTC)}

    assert await told(there) == {"green": Told(2.0)}
    assert there.asked[-1] == f"project:shop firstRelease:{VERSION.commit} firstSeen:>=2026-01-01T00:00:00"


async def test_more_than_a_page_are_counted_by_what_it_says(there: FakeSentry) -> None:
    there.issues, there.more = {str(n): SINCE for n in range(100)}, 150

    assert await told(there) == {"green": Told(250.0)}


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (refusing(401), SampleState.DENIED),
        (refusing(403), SampleState.DENIED),
        (refusing(429, "5"), SampleState.THROTTLED),
        (refusing(502), SampleState.SOURCE_DOWN),
        (Reply(body="{}"), SampleState.SOURCE_DOWN),
        (Reply(body='[{"id": "1", "firstSeen": "yesterday"}]'), SampleState.SOURCE_DOWN),
    ],
)
async def test_each_refusal_is_named(there: FakeSentry, refusal: Reply, state: SampleState) -> None:
    there.refusal = refusal

    assert await told(there) is state


async def test_a_wrong_token_is_denied_and_nothing_that_runs_is_asked_about(there: FakeSentry) -> None:
    there.token = "another"
    assert await told(there) is SampleState.DENIED

    there.asked.clear()
    assert await told(there, Slot(name="green", version=VERSION, wanted=1)) is SampleState.NO_INSTANCE
    assert there.asked == []
