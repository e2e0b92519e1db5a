"""What the instances of the app's active deployment wrote, at the address that DigitalOcean names."""

from __future__ import annotations

import pytest

from orchestrate.errors import AccessDenied, Unreachable
from tests.servers.answering import Heard, Reply, answering
from tests.servers.raw import answering as saying
from tests.servers.raw import speaking
from tests.tools.providers.digitalocean.ocean import Here
from tests.tools.providers.here import ONE
from tools.systems import web_api


async def _started(here: Here) -> None:
    await here.build(ONE)
    await here.start()


async def _tail(here: Here, lines: int = 2) -> tuple[str, ...]:
    return await here.provider().tail(here.web, "blue", lines)


async def test_the_newest_lines_are_read_at_the_named_address_without_our_token(here: Here) -> None:
    await _started(here)
    heard: list[Heard] = []
    with answering(lambda one: heard.append(one) or Reply(body="one\ntwo\nthree\n")) as address:
        here.site.live = f"http://{address}/live?token=of-the-log"

        assert await _tail(here) == ("two", "three")

    assert "authorization" not in {name.lower() for name in heard[0].headers}
    assert here.vendor.asked[-1][1].endswith("/components/web/logs?type=RUN&follow=false&tail_lines=2")


async def test_of_a_log_that_goes_on_what_came_at_first_is_told(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _started(here)
    monkeypatch.setattr(web_api, "LISTENS", 0.1)
    head = b"HTTP/1.1 200 OK\r\n\r\nlistening\n"
    async with speaking(saying(head, b"much later\n", every=60)) as port:
        here.site.live = f"http://127.0.0.1:{port}/"

        assert await _tail(here) == ("listening",)


async def test_a_log_that_was_put_away_is_read_in_its_order(here: Here) -> None:
    await _started(here)
    with answering(lambda one: Reply(body=f"{one.path}\n")) as address:
        here.site.archives = (f"http://{address}/1", f"http://{address}/2")

        assert await _tail(here, 5) == ("/1", "/2")


async def test_nothing_is_read_where_nothing_is_named(here: Here) -> None:
    await _started(here)

    assert await _tail(here) == await _tail(here, 0) == ()
    assert await here.provider().tail(here.web, "green", 5) == ()


@pytest.mark.parametrize("live", ["http://logs.example/x", "https://169.254.169.254/x", "file:///etc/passwd"])
async def test_an_address_inside_or_without_tls_is_not_asked(here: Here, live: str) -> None:
    await _started(here)
    here.site.live = live

    with pytest.raises(Unreachable, match="that is not asked"):
        await _tail(here)


async def test_an_address_that_does_not_let_us_in_is_no_empty_log(here: Here) -> None:
    await _started(here)
    with answering(lambda _: Reply(403, "{}")) as address:
        here.site.live = f"http://{address}/"

        with pytest.raises(AccessDenied, match="the log of dep"):
            await _tail(here)
