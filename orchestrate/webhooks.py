"""Webhooks: signed, heard once, and only a reason to look sooner; polling is the truth."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

MOST_BYTES = 1024 * 1024
"""Of a body; a longer one is not read."""
MOST_REMEMBERED = 10_000
"""Events by which a replay is known; an older one that comes again makes us look once more, and no harm."""

Json = dict[str, object]
Headers = Mapping[str, str]
"""By names in small letters."""


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether `signature` is the HMAC-SHA256 (hex) of the raw `body`; never without a secret."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


@dataclass(frozen=True)
class Source:
    """Who sends: how it signs, by what one of its events is known again, and which task it is about.

    `task` gives '' for an event that is about none, and None for one that is of no use.
    """

    name: str
    signature: str  # the header's name, in small letters
    prefix: str  # of the signature
    keys: Callable[[Headers, Json], Iterator[str]]
    task: Callable[[Headers, Json], str | None]


def _clickup_keys(_: Headers, event: Json) -> Iterator[str]:
    """Nothing in an event tells the time of sending."""
    items = event.get("history_items")
    for item in cast(list[object], items) if isinstance(items, list) else ():
        if isinstance(item, dict) and "id" in item:
            yield f"{event.get('webhook_id')}/{cast(Json, item)['id']}"


def _clickup_task(_: Headers, event: Json) -> str | None:
    task = event.get("task_id")
    return task if isinstance(task, str) and task.isascii() and task.isalnum() else None


def _github_keys(headers: Headers, _: Json) -> Iterator[str]:
    """A delivery that is sent again has the same number."""
    if delivery := headers.get("x-github-delivery", ""):
        yield delivery[:100]


def _github_task(headers: Headers, _: Json) -> str | None:
    return None if headers.get("x-github-event") == "ping" else ""


CLICKUP = Source("clickup", "x-signature", "", _clickup_keys, _clickup_task)
GITHUB = Source("github", "x-hub-signature-256", "sha256=", _github_keys, _github_task)
SOURCES = (CLICKUP, GITHUB)


@dataclass
class Hooks:
    """Hears one source's webhooks: `wake` is told the task, or ''. Without a secret there is no such place.

    Who serves HTTP asks `refusal` with the headers alone, reads at most MOST_BYTES, and answers with `heard`.
    """

    source: Source
    secret: str | None
    wake: Callable[[str], None]
    _known: dict[str, None] = field(default_factory=dict[str, None])

    def refusal(self, headers: Headers) -> HTTPStatus | None:
        """Why the body is not even read."""
        if not self.secret:
            return HTTPStatus.NOT_FOUND
        signature = headers.get(self.source.signature)
        if signature is None or not signature.startswith(self.source.prefix):
            return HTTPStatus.UNAUTHORIZED
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length[:12]) > MOST_BYTES else None

    def heard(self, headers: Headers, body: bytes) -> HTTPStatus:
        """What to answer: OK also for what is known or of no use, because it would be sent again."""
        refused = self.refusal(headers)
        if refused is not None:
            return refused
        if len(body) > MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        signature = headers[self.source.signature].removeprefix(self.source.prefix)
        if not is_signed(self.secret or "", body, signature):
            return HTTPStatus.UNAUTHORIZED
        try:
            event = cast(object, json.loads(body))
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        if isinstance(event, dict):
            self._take(headers, cast(Json, event))
        return HTTPStatus.OK

    def _take(self, headers: Headers, event: Json) -> None:
        keys, task = list(self.source.keys(headers, event)), self.source.task(headers, event)
        is_new = not keys or any(key not in self._known for key in keys)
        self._known |= dict.fromkeys(keys)
        while len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        if is_new and task is not None:
            self.wake(task)
