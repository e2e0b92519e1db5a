"""Said: what came from Slack, parsed at the door; what is not understood is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import cast

from pydantic import ValidationError

from orchestrate.models.fact import Fact
from orchestrate.models.task import Comment
from tools.systems.slack_reading import is_stamp, plain, reference

Body = Mapping[str, object]


class Said(Fact):
    """Something that a person said or pressed; `key` is the same when Slack sends it again."""

    key: str
    user: str
    channel: str
    text: str = ""
    ts: str = ""  # the message itself, or the one on which the button stood; '' for a command
    thread: str | None = None  # the message that it answers
    question: str | None = None  # a button: which question, about which plan, and the answer
    plan_hash: str | None = None
    answer: str | None = None
    is_called: bool = False  # said to us, and answered whatever it is

    @property
    def place(self) -> str | None:
        """Where the message can be looked at again; None for a command, of which none is left."""
        return reference(self.channel, self.ts, self.thread) if is_stamp(self.ts) else None

    @property
    def comment(self) -> Comment | None:
        """The message, to which an answer is bound; None where there is none."""
        if self.place is None or self.question is not None:
            return None
        at = datetime.fromtimestamp(float(self.ts), UTC)
        return Comment(id=self.place, task="", author=self.user, text=self.text, at=at)


class _Value(Fact):
    """What stands behind a button."""

    q: str
    h: str


NOTHING: Body = MappingProxyType({})


def command(body: Body) -> Said | None:
    """`/deploy …`."""
    return _said(
        key=f"command/{_text(body, 'trigger_id')}",
        user=_text(body, "user_id"),
        channel=_text(body, "channel_id"),
        text=plain(_text(body, "text")),
        is_called=True,
    )


def pressed(body: Body) -> Said | None:
    """A button under a question."""
    actions = body.get("actions")
    action = _part(cast(list[object], actions)[0] if isinstance(actions, list) and actions else None)
    user, channel = _text(_part(body.get("user")), "id"), _text(_part(body.get("channel")), "id")
    try:
        value = _Value.model_validate_json(_text(action, "value"))
    except ValidationError:
        return None
    answer = _text(action, "action_id").removeprefix("answer_")
    return _said(
        key=f"press/{user}/{_text(action, 'action_ts')}/{value.q}/{answer}",
        user=user,
        channel=channel,
        question=value.q,
        plan_hash=value.h,
        answer=answer,
        ts=_text(_part(body.get("container")), "message_ts"),
    )


def message(body: Body) -> Said | None:
    """A message of a person: in a thread, or to us. One that was edited, or that a program wrote, is none."""
    event = _part(body.get("event"))
    is_plain = not event.get("subtype") and not event.get("bot_id") and not event.get("edited")
    is_called = _text(event, "type") == "app_mention"
    thread = _text(event, "thread_ts") or None
    if not is_plain or not (is_called or thread):
        return None
    return _said(
        key=f"message/{_text(event, 'channel')}/{_text(event, 'ts')}",
        user=_text(event, "user"),
        channel=_text(event, "channel"),
        text=plain(_text(event, "text")),
        ts=_text(event, "ts"),
        thread=thread,
        is_called=is_called,
    )


def _said(key: str, user: str, channel: str, **more: object) -> Said | None:
    if not user or not channel or key.endswith("/"):
        return None
    return Said.model_validate({"key": key, "user": user, "channel": channel, **more})


def _part(value: object) -> Body:
    return cast(Body, value) if isinstance(value, dict) else NOTHING


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
