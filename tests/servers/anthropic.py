"""Anthropic's messages and models API on loopback: what Claude's SDK speaks to in tests, honest or not.

It speaks the wire format of the installed SDK (2026-10-21): server-sent events, typed errors, tools, usage
with caches. What a request may not be, it does not take.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import cast

from tests.servers.anthropic_asked import KEY, MODELS, Asked, Json, objection
from tests.servers.anthropic_cache import PromptCache
from tests.servers.loopback import on_loopback

FOR_CALL = 40
"""Tokens that are written around the words of a tool's call."""

__all__ = ["KEY", "MODELS", "Asked", "FakeAnthropic", "Says", "anthropic_api", "overloaded"]


@dataclass(frozen=True)
class Says:
    """One answer to a question."""

    text: str = "{}"
    stop: str | None = "end_turn"
    status: int = 200
    error: str = ""  # its type, for a status that is none of success, or in the middle of the answer
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds before the answer
    pace: float = 0.0  # seconds between its pieces
    cut_after: int | None = None  # events, after which the connection is closed
    blocks: tuple[Json, ...] = ()  # content blocks before the text
    wishes: tuple[tuple[str, object], ...] = ()  # tools that it calls, with what it tells them: JSON or text
    raw: bytes | None = None  # the whole body, whatever it is
    kind: str = "text/event-stream"


@dataclass
class FakeAnthropic:
    """A server that answers from a script, and then always as the last of it says."""

    url: str
    script: list[Says] = field(default_factory=lambda: [Says()])
    asked: list[Asked] = field(default_factory=list[Asked])
    models: dict[str, Json] = field(default_factory=lambda: {name: {} for name in MODELS})
    cache: PromptCache = field(default_factory=PromptCache)
    by: Callable[[Asked], Says | str | Mapping[str, object]] | None = None  # answers instead of the script

    def says(self, *answers: Says | str | Mapping[str, object]) -> None:
        """The script from now on."""
        self.script = [_said(one) for one in answers]
        self.by = None
        self.asked.clear()

    def next(self) -> Says:
        """What is answered now, to the newest question."""
        if self.by is not None:
            return _said(self.by(self.asked[-1]))
        return self.script[min(len(self.asked) - 1, len(self.script) - 1)]


def _said(answer: Says | str | Mapping[str, object]) -> Says:
    if isinstance(answer, Says):
        return answer
    return Says(answer if isinstance(answer, str) else json.dumps(answer))


def overloaded(status: int = 529, after: str = "") -> Says:
    """Turned away: 529, or 429 for too many questions; `after` is what retry-after says."""
    kinds = {
        429: "rate_limit_error",
        529: "overloaded_error",
        401: "authentication_error",
        404: "not_found_error",
    }
    headers = (("retry-after", after),) if after else ()
    return Says(status=status, error=kinds.get(status, "api_error"), headers=headers)


@contextmanager
def anthropic_api() -> Generator[FakeAnthropic]:
    """The server while the block runs."""
    made: list[FakeAnthropic] = []

    class Handler(_Handler):
        fake = made

    with on_loopback(Handler) as url:
        made.append(FakeAnthropic(url))
        yield made[0]


class _Handler(BaseHTTPRequestHandler):
    """One connection to the fake."""

    fake: list[FakeAnthropic]
    protocol_version = "HTTP/1.1"
    _numbers = count(1)

    def do_POST(self) -> None:  # noqa: N802
        """A question."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        fake = self.fake[0]
        asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
        fake.asked.append(asked)
        problem = objection(asked)
        said = Says(status=problem[0], error=problem[1]) if problem else fake.next()
        with suppress(OSError):
            time.sleep(said.delay)
            self._answer(asked, said)
        self.close_connection = True

    def do_GET(self) -> None:  # noqa: N802
        """What is known about a model."""
        name = self.path.removeprefix("/v1/models/").partition("?")[0]
        known = self.fake[0].models.get(name)
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self._plain(401, _error("authentication_error", "invalid key"))
        elif known is None:
            self._plain(404, _error("not_found_error", f"model: {name}"))
        else:
            self._plain(200, _model(name) | known)

    def _answer(self, asked: Asked, said: Says) -> None:
        if said.raw is not None:
            self._send(said.status, said.raw, said.kind, said.headers)
        elif said.status != 200:
            self._plain(said.status, _error(said.error, "said by the fake"), said.headers)
        else:
            self._stream(asked, said)

    def _stream(self, asked: Asked, said: Says) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("connection", "close")
        self.end_headers()
        events = _events(asked, said, _usage(self.fake[0], asked), next(self._numbers))
        for event in events[: said.cut_after]:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
            time.sleep(said.pace)

    def _plain(self, status: int, body: Json, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._send(status, json.dumps(body).encode(), "application/json", headers)

    def _send(self, status: int, body: bytes, kind: str, headers: Sequence[tuple[str, str]]) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def _events(asked: Asked, said: Says, usage: Json, number: int) -> list[Json]:
    message: Json = {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": asked.model, "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1},
    }  # fmt: skip
    found: list[Json] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    parts = [*((block, "") for block in said.blocks), ({"type": "text", "text": ""}, said.text)]
    if said.wishes:
        parts = [*parts[:-1], *(_wish(f"toolu_{number}_{at}", *one) for at, one in enumerate(said.wishes))]
    for index, (block, text) in enumerate(parts):
        found += _block_events(index, cast(Json, block), text)
    if said.error:
        return [*found[:3], {"type": "error", "error": {"type": said.error, "message": "in the middle"}}]
    stop = "tool_use" if said.wishes and said.stop == "end_turn" else said.stop
    delta = {"stop_reason": stop, "stop_sequence": None}
    spoken = sum(len(text) for _, text in parts) // 4 + FOR_CALL * len(said.wishes)
    written = {"output_tokens": max(1, spoken)}
    return [*found, {"type": "message_delta", "delta": delta, "usage": written}, {"type": "message_stop"}]


def _wish(id: str, name: str, words: object) -> tuple[Json, str]:
    text = words if isinstance(words, str) else json.dumps(words)
    return {"type": "tool_use", "id": id, "name": name, "input": {}}, text


def _block_events(index: int, block: Json, text: str) -> list[Json]:
    size = 40 if len(text) < 4000 else 8000
    kind, key = ("text_delta", "text") if block["type"] == "text" else ("input_json_delta", "partial_json")
    deltas = [{"type": kind, key: text[at : at + size]} for at in range(0, len(text), size)]
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _usage(fake: FakeAnthropic, asked: Asked) -> Json:
    used = fake.cache.usage(asked.body)
    return {
        "input_tokens": used.fresh,
        "cache_creation_input_tokens": used.written,
        "cache_read_input_tokens": used.read,
        "service_tier": "standard",
    }


def _error(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _model(name: str) -> Json:
    return {
        "type": "model", "id": name, "display_name": name, "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": "active", "max_input_tokens": 1_000_000, "max_tokens": 64_000, "deprecated_at": None,
        "retires_at": None, "line": None,
        "capabilities": {"structured_outputs": {"supported": True}},
    }  # fmt: skip
