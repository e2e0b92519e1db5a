"""A question as it comes to Anthropic's API, and what the API would not take of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from prompts import names, outlined
from tests.servers.anthropic_cache import MOST_MARKS, marks

Json = dict[str, "object"]
KEY = "sk-ant-api03-local-test-key-0123456789"
VERSION = "2026-10-21"
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")


@dataclass(frozen=True)
class Asked:
    """One question as it came."""

    path: str
    headers: dict[str, str]
    body: Json

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def system(self) -> list[str]:
        return [str(part["text"]) for part in cast(list[Json], self.body["system"])]

    @property
    def role(self) -> str:
        """Whose words it begins with."""
        adviser = self.user.rpartition("\n\n«role»\n")[2]
        return adviser if adviser in names() else next((one for one in names() if self._is(one)), "")

    def _is(self, name: str) -> bool:
        return outlined(name) == self.system[-1]

    @property
    def messages(self) -> list[list[Json]]:
        """The parts of each message: the facts, then in turn what was wished and what was shown."""
        return [cast(list[Json], one["content"]) for one in cast(list[Json], self.body["messages"])]

    @property
    def user(self) -> str:
        return "\n\n".join(str(one["text"]) for one in self.messages[0])

    @property
    def shown(self) -> list[str]:
        """What was shown since, and what was said instead where it was not."""
        return [str(one["content"]) for several in self.messages[2::2] for one in several]

    @property
    def tools(self) -> list[str]:
        return [str(one["name"]) for one in cast(list[Json], self.body.get("tools", []))]

    @property
    def may_look(self) -> bool:
        return cast(Json, self.body.get("tool_choice", {})).get("type") == "auto"


def objection(asked: Asked) -> tuple[int, str] | None:
    """What the API would not take."""
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return 401, "authentication_error"
    if asked.headers.get("anthropic-version") != VERSION or asked.path != "/v1/messages":
        return 400, "invalid_request_error"
    if asked.model not in MODELS:
        return 404, "not_found_error"
    form = cast(Json, cast(Json, asked.body.get("output_config", {})).get("format", {}))
    is_fine = (
        form.get("type") == "json_schema" and cast(Json, form["schema"]).get("additionalProperties") is False
    )
    is_fine = is_fine and asked.body.get("stream") is True and "temperature" not in asked.body
    is_fine = is_fine and marks(asked.body) <= MOST_MARKS and _is_talk(asked) and _are_tools(asked)
    return None if is_fine else (400, "invalid_request_error")


def _is_talk(asked: Asked) -> bool:
    """Whether each tool that was called is answered at once, and nothing else is."""
    talk = asked.messages
    called = [[one["id"] for one in said if one["type"] == "tool_use"] for said in talk[1::2]]
    shown = [[one["tool_use_id"] for one in said if one["type"] == "tool_result"] for said in talk[2::2]]
    empty = any(one["type"] == "text" and not str(one["text"]).strip() for said in talk for one in said)
    return len(talk) % 2 == 1 and called == shown and all(called) and not empty


def _are_tools(asked: Asked) -> bool:
    """Whether the tools are strict, and there are some where some may be called."""
    tools = cast(list[Json], asked.body.get("tools", []))
    closed = all(cast(Json, one["input_schema"]).get("additionalProperties") is False for one in tools)
    return (
        closed
        and all(one.get("strict") is True for one in tools)
        and ("tool_choice" in asked.body) is bool(tools)
    )
