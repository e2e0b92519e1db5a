"""The doctor tells whether Slack knows us, and what to do where it does not."""

from __future__ import annotations

from orchestrate.cli.doctor.finding import Finding, State
from orchestrate.cli.doctor.slack import slack
from tests.orchestrate.slack.conftest import Scene


async def found(here: Scene) -> Finding:
    (finding,) = [one async for one in slack(here.app)]
    return finding


async def test_a_channel_that_is_ours_is_well(here: Scene) -> None:
    assert (await found(here)).said == "#deployments in workspace T02TEAM"


async def test_what_is_missing_is_named_with_what_cures_it(here: Scene) -> None:
    here.fake.errors["conversations.info"] = ["missing_scope"]
    scope = await found(here)
    here.fake.errors["auth.test"] = ["token_revoked"]
    token = await found(here)

    assert (scope.state, "scopes" in scope.cure) == (State.FAIL, True)
    assert (token.state, "renew slack.token" in token.cure) == (State.FAIL, True)


async def test_a_scope_that_is_lacking_is_named(here: Scene) -> None:
    here.fake.scopes = ("commands", "chat:write", "channels:read")

    lacking = await found(here)

    assert (lacking.state, "channels:history, " not in lacking.said) == (State.FAIL, True)
    assert "app_mentions:read, channels:history" in lacking.said and "install it again" in lacking.cure
