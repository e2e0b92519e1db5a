"""Slack: one channel that messages are posted to, kept up to date in, and found in by their metadata."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypedDict, cast

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from orchestrate.errors import AccessDenied, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.fact import Fact
from orchestrate.models.secret import Secret
from tools.chat import Message
from tools.retry_after import retry_after
from tools.systems.slack_words import blocks, fallback, mrkdwn

TIMEOUT = 10  # seconds

UNSAID = 1.0
"""Seconds to leave Slack alone where it does not say for how long."""
PAGE, MOST_PAGES = 200, 10
EVENT = "orchestrate"

DENIED = frozenset(
    {
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "no_permission", "not_in_channel", "channel_not_found", "is_archived", "restricted_action",
        "org_login_required", "ekm_access_denied", "access_denied",
    }
)  # fmt: skip
"""What a person must cure; asking again does not help."""

RETRIES: list[AsyncRetryHandler] = []
"""None: a message that may have been posted is looked for first, and never posted again blindly."""


class Workspace(Fact):
    """Whom the token makes us."""

    team: str
    user: str  # our own user id
    bot: str
    scopes: tuple[str, ...] | None = None  # what the token may do; None: Slack does not say


class NotThere(OutsideFailed):
    """Slack has no such message (any more)."""


class _Posted(TypedDict, total=False):
    ts: str
    metadata: dict[str, object]


class SlackChat:
    """One channel; knows its messages by `ts`."""

    def __init__(self, token: Secret, channel: str, api: str) -> None:
        self._client = web_client(token, api)
        self._channel = channel

    async def workspace(self) -> Workspace:
        """Whom the token makes us. Raises what `say` raises."""
        said = await _asked("auth.test", self._client.auth_test())
        return Workspace(
            team=_text(said, "team_id"),
            user=_text(said, "user_id"),
            bot=_text(said, "bot_id"),
            scopes=_scopes(said),
        )

    async def look(self) -> str:
        """The channel's name, where we are in it. Raises what `say` raises."""
        said = await _asked("conversations.info", self._client.conversations_info(channel=self._channel))
        channel = cast(dict[str, object], said["channel"])
        if not channel.get("is_member", True):
            raise _denied("conversations.info", "not_in_channel")
        return str(channel.get("name") or self._channel)

    async def say(self, message: Message, below: str | None = None) -> str:
        call = self._client.chat_postMessage(
            channel=self._channel,
            text=fallback(message),
            blocks=blocks(message),
            thread_ts=below,
            metadata=_metadata(message.marker),
            unfurl_links=False,
            unfurl_media=False,
        )
        return _text(await _asked("chat.postMessage", call), "ts")

    async def edit(self, id: str, message: Message) -> None:
        call = self._client.chat_update(
            channel=self._channel,
            ts=id,
            text=fallback(message),
            blocks=blocks(message),
            metadata=_metadata(message.marker),
        )
        await _asked("chat.update", call)

    async def find(self, marker: str, since: float) -> str | None:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            call = self._client.conversations_history(
                channel=self._channel,
                oldest=f"{since:.6f}",
                limit=PAGE,
                include_all_metadata=True,
                cursor=cursor,
            )
            said = await _asked("conversations.history", call)
            for one in cast(list[_Posted], said.get("messages") or []):
                if _marker(one) == marker:
                    return one.get("ts")
            cursor = cast(dict[str, str], said.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
        raise OutsideFailed("conversations.history: too many messages to look through")

    async def replies(self, channel: str, thread: str, ts: str) -> Sequence[Mapping[str, object]]:
        """The message `ts` with the one that it answers, as they are now; nothing where both are gone."""
        call = self._client.conversations_replies(
            channel=channel, ts=thread, oldest=ts, latest=ts, inclusive=True, limit=2
        )
        try:
            said = await _asked("conversations.replies", call)
        except NotThere:
            return ()
        return cast(list[dict[str, object]], said.get("messages") or [])

    async def tell(self, person: str, place: str, text: str) -> None:
        """To one person, where they spoke; where we are no member, as a direct message."""
        words = mrkdwn(text)[:SAID_AT_MOST]
        try:
            await _asked(
                "chat.postEphemeral",
                self._client.chat_postEphemeral(channel=place, user=person, text=words),
            )
        except AccessDenied:
            await _asked("chat.postMessage", self._client.chat_postMessage(channel=person, text=words))


SAID_AT_MOST = 3500


def web_client(token: Secret, api: str) -> AsyncWebClient:
    """A client that knows no proxy of the surroundings, and repeats nothing by itself."""
    client = AsyncWebClient(
        token=token.reveal(), base_url=f"{api.rstrip('/')}/", timeout=TIMEOUT, retry_handlers=RETRIES
    )
    client.proxy = None
    return client


def _text(said: AsyncSlackResponse, name: str) -> str:
    found = cast(object, said.get(name))
    return found if isinstance(found, str) else ""


def _metadata(marker: str) -> dict[str, object]:
    return {"event_type": EVENT, "event_payload": {"marker": marker}}


def _marker(posted: _Posted) -> str | None:
    metadata = posted.get("metadata") or {}
    payload = cast(dict[str, str], metadata.get("event_payload") or {})
    return payload.get("marker") if metadata.get("event_type") == EVENT else None


def _scopes(said: AsyncSlackResponse) -> tuple[str, ...] | None:
    headers = cast(dict[str, str], said.headers)
    told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    return None if told is None else tuple(one.strip() for one in told.split(",") if one.strip())


async def _asked(method: str, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    """Slack's answer, with its errors in our words."""
    try:
        return await call
    except SlackApiError as refused:
        raise _problem(method, cast(AsyncSlackResponse, refused.response)) from refused
    except (SlackClientError, ClientError, OSError, TimeoutError) as silent:
        raise Unreachable(f"slack: {method}: {str(silent) or type(silent).__name__}") from silent


def _problem(method: str, response: AsyncSlackResponse) -> OutsideFailed:
    data = cast(dict[str, object], response.data) if isinstance(response.data, dict) else {}
    error = str(data.get("error") or f"status {response.status_code}")
    if response.status_code == 429 or error in ("ratelimited", "rate_limited"):
        said = cast(dict[str, str], response.headers)
        headers = {name.lower(): value for name, value in said.items()}
        wait = retry_after(headers, time.time())
        return RateLimited(f"slack: {method}: asked too often", retry_after=UNSAID if wait is None else wait)
    if error in DENIED:
        return _denied(method, error)
    if error in ("thread_not_found", "message_not_found"):
        return NotThere(f"slack: {method}: {error}")
    if response.status_code >= 500 or error in ("internal_error", "fatal_error", "service_unavailable"):
        return Unreachable(f"slack: {method}: {error}")
    return OutsideFailed(f"slack: {method}: {error}")


def _denied(method: str, error: str) -> AccessDenied:
    cures = {
        "missing_scope": "give the app the scopes that docs/chat.md names, and install it again",
        "not_in_channel": "invite the app to the channel",
        "channel_not_found": "put the channel's id in slack.channel, and invite the app to it",
    }
    return AccessDenied(f"slack: {method}: {error}", cure=cures.get(error, "renew slack.token"))
