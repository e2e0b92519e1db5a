"""What the replicas of a revision wrote, at the addresses that Azure names."""

from __future__ import annotations

import pytest

from orchestrate.errors import AccessDenied, Unreachable
from tests.servers.answering import Heard, Reply, answering
from tests.servers.vendor import Trouble
from tests.tools.providers.containerapps.conftest import Here
from tests.tools.providers.here import ONE


async def _started(here: Here, replicas: int = 1) -> None:
    await here.build(ONE)
    await here.start(instances=replicas)


async def _tail(here: Here, lines: int = 4) -> tuple[str, ...]:
    return await here.provider().tail(here.web, "blue", lines)


async def test_each_replica_is_asked_for_its_share_with_the_token_of_logs_alone(here: Here) -> None:
    await _started(here, replicas=2)
    heard: list[Heard] = []
    with answering(lambda one: heard.append(one) or Reply(body=f"listening\n{len(heard)}\n")) as address:
        here.site.logs_at = f"http://{address}"

        assert await _tail(here) == ("listening", "1", "listening", "2")

    (revision,) = here.active
    query = "follow=false&output=text&tailLines=2"
    assert [one.path for one in heard] == [f"/{revision}-{number}/logstream?{query}" for number in (0, 1)]
    assert {one.headers["authorization"] for one in heard} == {"Bearer token-of-the-logs"}


async def test_a_log_that_azure_does_not_name_is_no_empty_log(here: Here) -> None:
    await _started(here)
    here.site.logs_at = None

    with pytest.raises(Unreachable, match="names no address of the log of shop--"):
        await _tail(here)
    assert await _tail(here, 0) == await here.provider().tail(here.web, "green", 5) == ()


async def test_the_token_is_not_sent_without_tls(here: Here) -> None:
    await _started(here)
    here.site.logs_at = "http://logs.example"

    with pytest.raises(Unreachable, match="that is not asked: logs.example"):
        await _tail(here)


async def test_a_right_to_logs_that_is_missing_is_told(here: Here) -> None:
    await _started(here)
    here.site.logs_at = "https://logs.example"
    here.vendor.troubles.append(Trouble("POST", "/getAuthtoken", 403))

    with pytest.raises(AccessDenied, match="Azure does not let us at the log of shop--"):
        await _tail(here)
