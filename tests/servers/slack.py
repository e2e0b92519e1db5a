"""Slack's Web API, its signed requests and its socket mode, spoken on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

TEAM, APP, CHANNEL, BOT_USER, BOT = "T02TEAM", "A02APP", "C02SHOP", "U02BOT", "B02BOT"
TOKEN, APP_TOKEN, SECRET = (
    "xoxb-0123456789-abcdefghij",
    "xapp-1-0123456789-abcdefghij",
    "signing-secret-of-the-app",
)
ADA, ROB, EVE = "U02ADA", "U02ROB", "U02EVE"

SCOPES = ("commands", "chat:write", "channels:history", "channels:read", "app_mentions:read")

Json = dict[str, object]


@dataclass
class FakeSlack:
    """One workspace with one channel."""

    url: str = ""
    messages: dict[str, Json] = field(default_factory=dict[str, Json])  # by ts, oldest first
    spoken: dict[str, Json] = field(default_factory=dict[str, Json])  # what people said, by ts
    ephemeral: list[Json] = field(default_factory=list[Json])
    called: list[str] = field(default_factory=list[str])
    errors: dict[str, list[str]] = field(
        default_factory=dict[str, list[str]]
    )  # method → what it answers next
    scopes: tuple[str, ...] = SCOPES
    sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    acknowledged: dict[str, Json] = field(default_factory=dict[str, Json])
    _number: int = 0

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def posted(self, marker: str) -> list[Json]:
        """The messages that carry this marker."""
        return [one for one in self.messages.values() if marker_of(one) == marker]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One call of the Web API."""
        method = request.match_info["method"]
        self.called.append(method)
        wrong = self.errors.get(method)
        error = wrong.pop(0) if wrong else ""
        if error == "429":
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "7"}
            )
        if error == "500":
            return web.json_response({"ok": False, "error": "internal_error"}, status=500)
        token = APP_TOKEN if method == "apps.connections.open" else TOKEN
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if error and error != "lost":
            return web.json_response({"ok": False, "error": error})
        said = self._done(method, await _arguments(request))
        if error == "lost" and request.transport is not None:
            request.transport.close()  # it was done, and nobody hears of it
        return web.json_response(said, headers={"X-OAuth-Scopes": ",".join(self.scopes)})

    def _done(self, method: str, given: Json) -> Json:
        match method:
            case "auth.test":
                return {"ok": True, "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "url": self.url}
            case "conversations.info":
                return {"ok": True, "channel": {"id": CHANNEL, "name": "deployments", "is_member": True}}
            case "apps.connections.open":
                return {"ok": True, "url": f"{self.url.replace('http', 'ws')}/socket"}
            case "chat.postEphemeral":
                self.ephemeral.append(given)
                return {"ok": True, "message_ts": "1"}
            case _:
                return self._with_messages(method, given)

    def _with_messages(self, method: str, given: Json) -> Json:
        calls = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        return calls[method](given) if method in calls else {"ok": False, "error": "unknown_method"}

    def _post(self, given: Json) -> Json:
        if given.get("channel") != CHANNEL and not str(given.get("channel")).startswith("U"):
            return {"ok": False, "error": "channel_not_found"}
        if problem := fault(given):
            return {"ok": False, "error": problem}
        self._number += 1
        ts = f"{time.time():.0f}.{self._number:06d}"
        self.messages[ts] = {**given, "ts": ts}
        return {"ok": True, "ts": ts, "channel": CHANNEL}

    def _update(self, given: Json) -> Json:
        ts = str(given.get("ts"))
        if ts not in self.messages:
            return {"ok": False, "error": "message_not_found"}
        if problem := fault(given):
            return {"ok": False, "error": problem}
        self.messages[ts] = {**self.messages[ts], **given}
        return {"ok": True, "ts": ts, "channel": CHANNEL}

    def _history(self, given: Json) -> Json:
        """Newest first, in pages; metadata only when it is asked for."""
        oldest, limit = float(str(given.get("oldest") or 0)), int(str(given.get("limit") or 100))
        found = [one for one in reversed(self.messages.values()) if float(str(one["ts"])) >= oldest]
        start = int(str(given.get("cursor") or 0))
        page = found[start : start + limit]
        more = str(start + limit) if start + limit < len(found) else ""
        wants = str(given.get("include_all_metadata")).lower() in ("1", "true")
        shown = page if wants else [{key: one[key] for key in one if key != "metadata"} for one in page]
        return {"ok": True, "messages": shown, "response_metadata": {"next_cursor": more}}

    def _replies(self, given: Json) -> Json:
        """The message that a thread begins with, and those answers that lie between oldest and latest."""
        known = {**self.messages, **self.spoken}
        parent, oldest, latest = (str(given.get(name)) for name in ("ts", "oldest", "latest"))
        if parent not in known:
            return {"ok": False, "error": "thread_not_found"}
        below = [one for one in self.spoken.values() if one.get("thread_ts") == parent]
        chosen = [one for one in below if float(oldest) <= float(str(one["ts"])) <= float(latest)]
        return {"ok": True, "messages": [known[parent], *chosen]}

    def speak(self, text: str, thread: str | None = None, user: str = ADA) -> Json:
        """Somebody says something; the event that tells of it."""
        self._number += 1
        ts = f"{time.time():.0f}.{self._number:06d}"
        self.spoken[ts] = {"type": "message", "user": user, "text": text, "ts": ts, "thread_ts": thread}
        return message(text, thread or ts, user=user, ts=ts)

    def revise(self, ts: str, text: str) -> None:
        """Somebody edits what they said."""
        self.spoken[ts] = {**self.spoken[ts], "text": text, "edited": {"user": ADA, "ts": "9.9"}}

    def erase(self, ts: str) -> None:
        """Somebody deletes a message; one that was answered leaves a stone where it was."""
        is_answered = any(one.get("thread_ts") == ts for one in self.spoken.values())
        for kept in (self.messages, self.spoken):
            if ts in kept:
                stone: Json = {"ts": ts, "subtype": "tombstone", "text": "This message was deleted."}
                kept.update({ts: stone}) if is_answered else kept.pop(ts)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Socket mode: what is sent here is acknowledged by its envelope's id."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}})
        self.sockets.append(socket)
        async for heard in socket:
            if heard.type is aiohttp.WSMsgType.TEXT and heard.data.startswith("{"):
                ack = cast(Json, json.loads(heard.data))
                self.acknowledged[str(ack["envelope_id"])] = ack
        return socket

    async def push(self, kind: str, payload: Json, envelope: str = "E1") -> None:
        """Send something through the socket, and wait until it is acknowledged."""
        sent = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        await self.sockets[-1].send_json(sent)
        async with asyncio.timeout(3):
            while envelope not in self.acknowledged:
                await asyncio.sleep(0.01)


async def _arguments(request: web.Request) -> Json:
    if request.method == "GET":
        return dict(request.query)
    if request.content_type == "application/json":
        return cast(Json, await request.json())
    form = await request.post()
    return {key: json.loads(value) if key in ("blocks", "metadata") else value for key, value in form.items()}  # pyright: ignore[reportArgumentType]


def marker_of(message: Json) -> str | None:
    metadata = cast(dict[str, dict[str, str]], message.get("metadata") or {})
    return metadata.get("event_payload", {}).get("marker")


def fault(message: Json) -> str:
    """What Slack would not take, by its own limits; or ''."""
    blocks = cast(list[dict[str, object]], message.get("blocks") or [])
    if not message.get("text"):
        return "no_text"
    texts = [cast(dict[str, str], one["text"])["text"] for one in blocks if one["type"] == "section"]
    is_long = any(not 1 <= len(text) <= 3000 for text in texts) or len(blocks) > 50
    buttons = [
        each for one in blocks if one["type"] == "actions" for each in cast(list[Json], one["elements"])
    ]
    is_odd = any(
        len(str(one["value"])) > 2000 or len(cast(dict[str, str], one["text"])["text"]) > 75
        for one in buttons
    )
    return "invalid_blocks" if is_long or is_odd else ""


@asynccontextmanager
async def slack() -> AsyncGenerator[FakeSlack]:
    """A workspace on a free port of this machine."""
    fake = FakeSlack()
    site = web.Application()
    site.router.add_post("/api/{method}", fake.answer)
    site.router.add_get("/api/{method}", fake.answer)
    site.router.add_get("/socket", fake.socket)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{cast(list[tuple[str, int]], runner.addresses)[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


def signed(body: str, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers with which Slack sends this body."""
    stamp = str(int(time.time() if at is None else at))
    mark = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mark}"}


def command(text: str, user: str = ADA, trigger: str = "13.1", **more: str) -> str:
    """The body of a `/deploy`."""
    given = {
        "command": "/deploy", "text": text, "user_id": user, "channel_id": CHANNEL, "team_id": TEAM,
        "api_app_id": APP, "trigger_id": trigger, "response_url": "https://hooks.slack.test/x",
    }  # fmt: skip
    return urlencode({**given, **more})


def press(  # noqa: PLR0913  the parts of what Slack sends
    value: str, answer: str, user: str = ADA, at: str = "1.1", team: str = TEAM, card: str = ""
) -> Json:
    """What a pressed button sends; `card` is the message on which it stands."""
    action = {
        "action_id": f"answer_{answer}",
        "block_id": "question",
        "type": "button",
        "value": value,
        "action_ts": at,
    }
    return {
        "type": "block_actions", "user": {"id": user}, "team": {"id": team}, "channel": {"id": CHANNEL},
        "container": {"type": "message", "message_ts": card, "channel_id": CHANNEL},
        "api_app_id": APP, "trigger_id": at, "actions": [action], "response_url": "https://hooks.slack.test/x",
    }  # fmt: skip


def message(text: str, thread: str, user: str = ADA, ts: str = "2.2", **more: object) -> Json:
    """An event that tells of a message in a thread."""
    event = {
        "type": "message",
        "user": user,
        "text": text,
        "ts": ts,
        "thread_ts": thread,
        "channel": CHANNEL,
        **more,
    }
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": APP,
        "event_id": f"Ev{ts}",
        "event": event,
    }
