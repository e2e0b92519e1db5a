"""Slack's words: Markdown of ours as Slack shows it, in blocks that Slack takes."""

from __future__ import annotations

import json
import re

from tools.chat import Buttons, Message

Block = dict[str, object]

SECTION = 2900
"""Characters that a section may hold; Slack takes 3000."""

MOST = 8
"""Sections of a message; what is longer is cut, and says so."""

FALLBACK = 300
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_TITLE = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\`*_\[\]|~#>+=-])")
_KEPT = re.compile(r"(&(?:amp|lt|gt);)")


def blocks(message: Message) -> list[Block]:
    """The message as Slack's blocks."""
    made: list[Block] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": part, "verbatim": True}}
        for part in _parts(_called(message) + mrkdwn(message.text))
    ]
    return [*made, _actions(message.buttons)] if message.buttons else made


def fallback(message: Message) -> str:
    """What notifications show."""
    first = mrkdwn(message.text).split("\n", 1)[0]
    return first if len(first) <= FALLBACK else f"{first[:FALLBACK]}…"


def mrkdwn(text: str) -> str:
    """Markdown as Slack's own markup: nothing in it is a mention, a channel call or a link of others.

    Angle brackets are Slack's only way to mention and to link, and none is left.
    """
    escaped = "".join(part if _KEPT.fullmatch(part) else _entities(part) for part in _KEPT.split(text))
    bold = _BOLD.sub(r"*\1*", _TITLE.sub(r"*\1*", escaped))
    return _ESCAPED.sub(_plain, bold)


def _plain(match: re.Match[str]) -> str:
    """A character that Markdown would read, followed by nothing that Slack could read with it."""
    return f"\u200b{match[1]}\u200b" if match[1] in "*_~`" else match[1]


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _called(message: Message) -> str:
    """Users of ours, called; put in after everything else was escaped."""
    users = " ".join(f"<@{user}>" for user in message.calls if _USER.fullmatch(user))
    return f"{users}: " if users else ""


_USER = re.compile(r"[UW][A-Z0-9]{2,}")


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for line in text.split("\n"):
        piece = line[: SECTION - 2]
        if parts and len(parts[-1]) + len(piece) < SECTION:
            parts[-1] += f"\n{piece}"
        else:
            parts.append(piece)
    said = [part if part.strip() else "\u200b" for part in parts]
    return said if len(said) <= MOST else [*said[: MOST - 1], "… and more: see the command line"]


def _actions(buttons: Buttons) -> Block:
    return {
        "type": "actions",
        "block_id": f"question:{buttons.question}",
        "elements": [_button(buttons, buttons.yes, "primary"), _button(buttons, buttons.no, "danger")],
    }


def _button(buttons: Buttons, said: tuple[str, str], style: str) -> Block:
    words, kind = said
    value = json.dumps({"q": buttons.question, "h": buttons.plan_hash})
    return {
        "type": "button",
        "action_id": f"answer_{kind}",
        "style": style,
        "text": {"type": "plain_text", "text": words},
        "value": value,
        "confirm": {
            "title": {"type": "plain_text", "text": words},
            "text": {
                "type": "plain_text",
                "text": f"Question {buttons.question}, plan {buttons.plan_hash[:12]}",
            },
            "confirm": {"type": "plain_text", "text": words},
            "deny": {"type": "plain_text", "text": "Not now"},
        },
    }
