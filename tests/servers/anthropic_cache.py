"""What Anthropic's API keeps of a question, and for how long: so a test can tell what asking would cost.

Kept is everything up to a `cache_control`, in the order form, tools, system, messages, for five minutes since
it was last read, where it is long enough. Another form, tool or word before it is another prefix: that
another form is a miss was seen by others (AWS re:Post, QU8vD_0LztT7KBTuNs86Kpug). A token is four bytes.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

Json = dict[str, "object"]

LIVES = 300.0  # seconds
LOOKS_BACK = 20  # blocks before a mark at which something that is kept is found
MOST_MARKS = 4
SHORTEST: Mapping[str, int] = {"claude-haiku-5-5": 4096, "claude-sonnet-5-5": 1024, "claude-opus-5-5": 1024}
"""Tokens from which on a prefix is kept; those of the generation before where nothing newer is published."""
FOR_TOOLS = 346
"""Tokens that the API adds where there are tools."""


class Usage(NamedTuple):
    """How the input of one request is billed, in tokens."""

    fresh: int
    written: int
    read: int


class Block(NamedTuple):
    """A part of a request that is kept whole or not at all."""

    text: str
    tokens: int
    is_mark: bool


@dataclass
class PromptCache:
    """Everything that is kept."""

    clock: Callable[[], float] = time.monotonic
    kept: dict[str, float] = field(default_factory=dict[str, float])  # prefix → until when

    def usage(self, body: Json) -> Usage:
        """What this request reads and writes; from now on it is kept."""
        now, shortest = self.clock(), SHORTEST.get(str(body["model"]), 1024)
        prefix, size = hashlib.sha256(str(body["model"]).encode()), 0
        seen: list[tuple[str, int]] = []
        read, end, marks = 0, 0, list[str]()
        for at, block in enumerate(blocks(body)):
            prefix.update(block.text.encode())
            size += block.tokens
            seen.append((prefix.hexdigest(), size))
            if block.is_mark and size >= shortest:
                end, marks = size, [*marks, prefix.hexdigest()]
                near = seen[max(0, at - LOOKS_BACK) : at + 1]
                read = max([read, *(found for key, found in near if self.kept.get(key, 0) > now)])
        alive = [key for key, found in seen if found <= read and self.kept.get(key, 0) > now]
        self.kept |= dict.fromkeys((*alive, *marks), now + LIVES)
        return Usage(fresh=size - max(read, end), written=max(0, end - read), read=read)


def marks(body: Json) -> int:
    """How many parts of a request are marked."""
    return sum(block.is_mark for block in blocks(body))


def blocks(body: Json) -> Iterator[Block]:
    """The parts of a request in the order in which prefixes are made of them."""
    tools = cast(list[Json], body.get("tools", []))
    yield _block(body.get("output_config", {}))
    yield Block("tools", FOR_TOOLS if tools else 0, is_mark=False)
    for tool in tools:
        yield _block(tool)
    for part in cast(list[Json], body.get("system", [])):
        yield _block(part)
    yield Block(json.dumps(body.get("tool_choice")), 0, is_mark=False)
    for message in cast(list[Json], body["messages"]):
        yield from _of_message(message)


def _of_message(message: Json) -> Iterator[Block]:
    content = message["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    for part in cast(list[Json], content):
        yield _block(part, str(message["role"]))


def _block(part: object, role: str = "") -> Block:
    given = dict(cast(Json, part))
    is_mark = given.pop("cache_control", None) is not None
    text = str(given["text"]) if "text" in given else json.dumps(given)
    return Block(f"{role}\0{text}\0", max(1, len(text.encode()) // 4), is_mark)
