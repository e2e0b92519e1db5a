"""GitHub's answers that are no answers, in words that somebody can act on."""

from __future__ import annotations

import time

import pytest

from orchestrate.errors import AccessDenied, OrchestrateError, RateLimited, Unreachable
from tests.contracts.forge_world import github_forge
from tests.servers.github import Trouble
from tests.tools.systems.github.conftest import Here

PULL = r"/pulls/1$"


async def test_a_read_that_fails_is_made_again(here: Here) -> None:
    here.server.troubles.append(Trouble("GET", PULL, 502, times=2))

    assert (await here.change()).id == "1"


async def test_a_read_that_keeps_failing_is_an_outside_that_does_not_answer(here: Here) -> None:
    here.server.troubles.append(
        Trouble("GET", PULL, 503, {"message": "down"}, {"Retry-After": "30"}, times=9)
    )

    with pytest.raises(Unreachable, match="down") as silent:
        await here.change()

    assert silent.value.retry_after == 30
    assert here.server.count("GET", PULL) == 3


@pytest.mark.parametrize(
    ("status", "message", "headers", "wait"),
    [
        (403, "You have exceeded a secondary rate limit", {"Retry-After": "5"}, 5),
        (403, "You have exceeded a secondary rate limit", {}, 60),
        (429, "Too many requests", {"Retry-After": "3600"}, 3600),
        (403, "API rate limit exceeded for installation", {"X-RateLimit-Remaining": "0"}, 91),
    ],
)
async def test_a_limit_says_when_to_come_back_and_nobody_sleeps_meanwhile(
    here: Here, status: int, message: str, headers: dict[str, str], wait: float
) -> None:
    given = {**headers, "X-RateLimit-Reset": str(int(time.time()) + 90)}
    here.server.troubles.append(Trouble("GET", PULL, status, {"message": message}, given))
    started = time.monotonic()

    with pytest.raises(RateLimited) as limited:
        await here.change()

    assert limited.value.retry_after == pytest.approx(wait, abs=2)
    assert time.monotonic() - started < 4


async def test_a_token_that_github_does_not_know_is_said(here: Here) -> None:
    here.world.tokens.clear()

    with pytest.raises(AccessDenied, match="does not know our token") as denied:
        await here.change()

    assert denied.value.cure


async def test_a_page_of_a_proxy_is_no_answer(here: Here) -> None:
    here.server.troubles.append(Trouble("GET", PULL, 200, {"html": "<html>"}))

    with pytest.raises(Unreachable, match="another shape"):
        await here.change()


async def test_a_server_that_is_not_there_is_said(here: Here) -> None:
    here.server.url = "http://127.0.0.1:9"
    forge = github_forge(here.server, here.world.repository.folder.parent)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        await forge.change("1")


async def test_no_error_holds_the_token(here: Here) -> None:
    here.world.tokens = {"another": "ada"}
    said: list[str] = []
    for asking in (here.change(), here.forge.version("main")):
        try:
            await asking
        except OrchestrateError as problem:
            said.append(f"{problem} {problem.cure}")

    assert len(said) == 2
    assert not any("the-token" in text for text in said)


async def test_what_our_account_lacks_is_named_with_its_cure(here: Here) -> None:
    here.world.writers.clear()
    here.server.troubles.append(Trouble("GET", r"/check-runs$", 403, {"message": "Resource not accessible"}))

    lacking = {one.name: one for one in await here.forge.permissions() if one.problem}

    assert set(lacking) == {"contents", "checks"}
    assert "write access" in lacking["contents"].cure
    assert "read checks" in lacking["checks"].cure


async def test_an_account_that_has_everything_lacks_nothing(here: Here) -> None:
    found = await here.forge.permissions()

    assert len(found) == 7
    assert not any(one.problem for one in found)
