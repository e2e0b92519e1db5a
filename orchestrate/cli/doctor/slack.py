"""Slack: whether it knows us, and whether we are in the channel."""

from __future__ import annotations

from collections.abc import AsyncIterator

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, bad, failed, good
from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Channel
from orchestrate.settings import Settings


async def slack(app: App) -> AsyncIterator[Finding]:
    """Whether the token is good, the channel is ours, and approvers can be told from others there."""
    if app.settings.slack is not None:
        yield await _found(app.settings)


async def _found(settings: Settings) -> Finding:
    from orchestrate.slack.serving import slack_of  # slow to import, and not everybody has it

    try:
        chat = slack_of(settings, lambda _: None).chat()
        us, channel = await chat.workspace(), await chat.look()
    except OrchestrateError as problem:
        return failed("slack", problem)
    team = settings.slack.team if settings.slack else ""
    if team and us.team != team:
        return bad(
            "slack", f"the token is of workspace {us.team}, not {team}", "see slack.team and slack.token"
        )
    asking = {name for one in settings.environments.values() if one.asks_a_person for name in one.approvers}
    known = {one.name for one in settings.people if Channel.SLACK in one.identities}
    if asking and not asking & known:
        return bad("slack", f"no approver has a user id there ({', '.join(sorted(asking))})", CURE)
    return good("slack", f"#{channel} in workspace {us.team}")


CURE = "people: {ada: {slack: U02AB3CD4}}"
