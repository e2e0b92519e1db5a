"""Webhooks of a tracker: signed, heard once, and only a reason to look sooner; polling is the truth."""

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
SIGNATURE = "x-signature"

Json = dict[str, object]


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether `signature` is the HMAC-SHA256 (hex) of the raw `body`; never without a secret."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


@dataclass
class ClickUpHooks:
    """Hears ClickUp's webhooks: `wake` is told the task. Without a secret there is no such place.

    Who serves HTTP asks `refusal` with the headers alone, reads at most MOST_BYTES, and answers with `heard`.
    """

    secret: str | None
    wake: Callable[[str], None]
    _known: dict[str, None] = field(default_factory=dict[str, None])

    def refusal(self, headers: Mapping[str, str]) -> HTTPStatus | None:
        """Why the body is not even read; `headers` by names in small letters."""
        if not self.secret:
            return HTTPStatus.NOT_FOUND
        if SIGNATURE not in headers:
            return HTTPStatus.UNAUTHORIZED
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length[:12]) > MOST_BYTES else None

    def heard(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """What to answer: OK also for what is known or of no use, because ClickUp would send it again."""
        refused = self.refusal(headers)
        if refused is not None:
            return refused
        if len(body) > MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if not is_signed(self.secret or "", body, headers[SIGNATURE]):
            return HTTPStatus.UNAUTHORIZED
        try:
            event = cast(object, json.loads(body))
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        if isinstance(event, dict):
            self._take(cast(Json, event))
        return HTTPStatus.OK

    def _take(self, event: Json) -> None:
        task, keys = event.get("task_id"), list(_keys(event))
        is_new = not keys or any(key not in self._known for key in keys)
        self._known |= dict.fromkeys(keys)
        while len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        if is_new and isinstance(task, str) and task.isascii() and task.isalnum():
            self.wake(task)


def _keys(event: Json) -> Iterator[str]:
    """By what an event is known again: nothing in it tells the time of sending."""
    items = event.get("history_items")
    for item in cast(list[object], items) if isinstance(items, list) else ():
        if isinstance(item, dict) and "id" in item:
            yield f"{event.get('webhook_id')}/{cast(Json, item)['id']}"
