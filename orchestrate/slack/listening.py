"""Listening: what Slack sends is proven, acknowledged at once, and handed to the desk."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from orchestrate import sites
from orchestrate.chat import CALL
from orchestrate.models.secret import Secret
from orchestrate.settings.facts import SlackSettings
from orchestrate.slack import said as parsed
from orchestrate.slack.said import Body, Said
from tools.systems.slack import Workspace, web_client

PATH = "/slack/events"
MOST_BYTES = 256 * 1024
BUSY = "Too much is asked at the moment. Say it again in a minute."
LOG = logging.getLogger("orchestrate.slack")

Ears = AsyncApp
Take = Callable[[Said], bool]
Next = Callable[[], Awaitable[BoltResponse]]


def listener(
    settings: SlackSettings, token: Secret, signing_secret: Secret, us: Workspace, take: Take
) -> Ears:
    """What hears commands, buttons and messages of our workspace and app, signed in the last 300 s."""
    app = AsyncApp(
        logger=LOG,
        client=web_client(token, settings.api),
        signing_secret=signing_secret.reveal(),
        authorize=_known(us, token),
    )
    team = settings.team or us.team

    async def ours(body: Body, next: Next) -> BoltResponse | None:  # noqa: A002  bolt calls it so
        """Whoever has the signing secret of our app is heard, for our workspace only."""
        if _team(body) != team or (settings.app and body.get("api_app_id") != settings.app):
            return BoltResponse(status=403, body="this is another workspace's, or another app's")
        await next()
        return None

    async def command(ack: AsyncAck, body: Body) -> None:
        heard = parsed.command(body)
        taken = heard is not None and take(heard)
        await ack("" if taken else BUSY)

    async def pressed(ack: AsyncAck, body: Body) -> None:
        await ack()
        _hand_over(parsed.pressed(body), take)

    async def message(body: Body) -> None:
        _hand_over(parsed.message(body), take)

    app.use(ours)
    app.command(CALL)(command)
    for kind in ("approved", "hold", "roll_back"):
        app.action(f"answer_{kind}")(pressed)
    app.event("message")(message)
    app.event("app_mention")(message)
    return app


def _known(us: Workspace, token: Secret) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Who we are is asked once, at the start: no request waits for it."""

    async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=us.user,
            bot_id=us.bot,
            bot_token=token.reveal(),
        )

    return authorize


def _team(body: Body) -> str:
    """The workspace that a command, a button or an event comes from."""
    team = body.get("team")
    named = cast(Body, team).get("id") if isinstance(team, dict) else body.get("team_id")
    return named if isinstance(named, str) else ""


def _hand_over(said: Said | None, take: Take) -> None:
    if said is not None and not take(said):
        LOG.warning("too much waits: %s was not taken", said.key)


@asynccontextmanager
async def served(app: Ears, host: str, port: int) -> AsyncGenerator[int]:
    """Listen for signed requests; gives the port (0: any). Raises what the site raises."""
    site = web.Application(client_max_size=MOST_BYTES)

    async def answer(request: web.Request) -> web.Response:
        heard = AsyncBoltRequest(
            body=await request.text(),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        said = await app.async_dispatch(heard)
        kind = "application/json" if said.body.startswith("{") else "text/plain"
        return web.Response(status=said.status, text=said.body, content_type=kind)

    site.router.add_post(PATH, answer)
    async with sites.served(site, host, port) as at:
        yield at


@asynccontextmanager
async def connected(app: Ears, app_token: Secret) -> AsyncGenerator[None]:
    """Go to Slack instead (socket mode): nothing here needs to be reachable from outside."""
    handler = AsyncSocketModeHandler(app, app_token.reveal())
    handler.client.proxy = None
    await handler.connect_async()
    try:
        yield
    finally:
        with suppress(TimeoutError):
            await handler.close_async()
