"""Reading Slack: one message as it is now, where somebody answered by it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.secret import Secret
from orchestrate.models.task import Comment

if TYPE_CHECKING:
    from tools.systems.slack import SlackChat

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_LINK = re.compile(r"<(?:[a-z]+:[^|>]*\|)?([^<>|]*)>")
_STAMP = re.compile(r"\d{1,12}\.\d{1,12}")
_GONE = ("tombstone", "message_deleted")


def plain(text: str) -> str:
    """Slack's markup as what was typed: without mentions, and without brackets around what it linked."""
    return html.unescape(_LINK.sub(r"\1", _MENTION.sub("", text))).strip()


def reference(channel: str, ts: str, thread: str | None = None) -> str:
    """Where a message is: its channel, the message that it answers, and itself."""
    return f"{channel}/{thread or ts}/{ts}"


def is_stamp(ts: str) -> bool:
    """Whether it is the id that Slack gives a message: the second in which it was said, and a number."""
    return _STAMP.fullmatch(ts) is not None


@dataclass(frozen=True)
class SlackReading:
    """Room in Slack; `token` is called, and Slack's library brought in, when there is something to read."""

    token: Callable[[], Secret]
    channel: str
    api: str

    async def read(self, id: str) -> Comment | None:
        parts = id.split("/")
        if len(parts) != 3 or not is_stamp(parts[1]) or not is_stamp(parts[2]):
            raise OutsideFailed(f"{id} is no message of Slack")
        channel, thread, ts = parts
        found = await self._chat().replies(channel, thread, ts)
        said = next((one for one in found if one.get("ts") == ts and one.get("subtype") not in _GONE), None)
        return _comment(id, said) if said is not None else None

    def _chat(self) -> SlackChat:
        from tools.systems.slack import SlackChat

        return SlackChat(self.token(), self.channel, self.api)


def _comment(id: str, said: Mapping[str, object]) -> Comment:
    at = datetime.fromtimestamp(float(cast(str, said["ts"])), UTC)
    text, author = plain(str(said.get("text") or "")), str(said.get("user") or "")
    return Comment(id=id, task="", author=author, text=text, at=at, edited="edited" in said)
