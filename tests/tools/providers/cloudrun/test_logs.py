"""What the instances of a revision wrote, as Cloud Logging keeps it."""

from __future__ import annotations

import pytest

from orchestrate.errors import AccessDenied, Unreachable
from tests.servers.openapi import Json
from tests.servers.vendor import Trouble
from tests.tools.providers.cloudrun.conftest import Here
from tests.tools.providers.here import ONE

PAGE = "/v2/entries:list"


async def _started(here: Here) -> None:
    await here.build(ONE)
    await here.start()


def _write(here: Here, second: int, payload: Json, log: str = "stdout", **labels: str) -> None:
    usual = {"service_name": "shop", "revision_name": here.kept.created, "location": "europe-west1"}
    at = f"2026-01-01T00:00:{second:02}Z"
    here.site.logging.write(at, {**usual, **labels}, payload, f"run.googleapis.com/{log}")


async def _tail(here: Here, lines: int = 5) -> tuple[str, ...]:
    return await here.provider().tail(here.web, "blue", lines)


async def test_the_newest_lines_of_the_slots_revision_are_told_oldest_first(here: Here) -> None:
    await _started(here)
    _write(here, 1, {"textPayload": "too old"})
    _write(here, 2, {"textPayload": "first\nand more"})
    _write(here, 3, {"jsonPayload": {"message": "second", "user": 7}}, "stderr")
    _write(here, 4, {"jsonPayload": {"user": 7}})

    assert await _tail(here, 4) == ("first", "and more", "second", '{"user": 7}')


async def test_what_others_wrote_is_not_told(here: Here) -> None:
    await _started(here)
    _write(here, 1, {"textPayload": "another revision"}, revision_name="shop-00001-abc")
    _write(here, 1, {"textPayload": "another region"}, location="us-central1")
    _write(here, 1, {"textPayload": "another service"}, service_name="other")
    _write(here, 2, {"httpRequest": {"status": 200}}, "requests")
    here.site.logging.write(
        "2025-12-31T00:00:00Z", {"revision_name": here.kept.created}, {"textPayload": "before"}
    )

    assert await _tail(here) == ()


async def test_a_page_without_entries_is_no_empty_log(here: Here) -> None:
    await _started(here)
    _write(here, 1, {"textPayload": "found late"})
    here.site.logging.empty_pages = 2

    assert await _tail(here) == ("found late",)


async def test_a_search_that_never_ends_is_told(here: Here) -> None:
    await _started(here)
    here.site.logging.empty_pages = 99

    with pytest.raises(Unreachable, match="did not come to the end of the log of shop-"):
        await _tail(here)


async def test_a_right_that_is_missing_is_told(here: Here) -> None:
    await _started(here)
    here.vendor.troubles.append(Trouble("POST", PAGE, 403))

    with pytest.raises(AccessDenied, match="Cloud Logging does not let us at the log of shop-"):
        await _tail(here)


async def test_no_lines_are_not_asked_for(here: Here) -> None:
    await _started(here)

    assert await _tail(here, 0) == await here.provider().tail(here.web, "green", 5) == ()
    assert ("POST", PAGE) not in here.vendor.asked
