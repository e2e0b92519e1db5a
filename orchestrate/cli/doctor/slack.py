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
    if missing := _missing(us.scopes, channel_id=settings.slack.channel if settings.slack else ""):
        cure = f"add them to the app (OAuth & Permissions), and install it again: {', '.join(missing)}"
        return bad("slack", f"the token lacks the scopes {', '.join(missing)}", cure)
    asking = {name for one in settings.environments.values() if one.asks_a_person for name in one.approvers}
    known = {one.name for one in settings.people if Channel.SLACK in one.identities}
    if asking and not asking & known:
        return bad("slack", f"no approver has a user id there ({', '.join(sorted(asking))})", CURE)
    return good("slack", f"#{channel} in workspace {us.team}")


def _missing(scopes: tuple[str, ...] | None, channel_id: str) -> list[str]:
    """What the token may not do, where Slack tells; a private channel is read by other scopes."""
    kind = "groups" if channel_id.startswith("G") else "channels"
    either = [("commands",), ("chat:write",), ("app_mentions:read",)]
    either += [(f"{kind}:{what}", f"groups:{what}") for what in ("history", "read")]
    return [] if scopes is None else [one[0] for one in either if not set(one) & set(scopes)]


CURE = "people: {ada: {slack: U02AB3CD4}}"
