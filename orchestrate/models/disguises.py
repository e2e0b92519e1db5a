"""Disguises: the forms in which a secret may stand in a text.

Standard library only: the supervisor of an instance imports it.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Characters; anything shorter also stands in innocent text."""

WORDS = frozenset(
    (
        "default",
        "deploy",
        "development",
        "failed",
        "healthy",
        "localhost",
        "orchestrate",
        "passed",
        "password",
        "postgres",
        "production",
        "secret",
        "sqlite",
        "staging",
    )
)
"""Words of ours: texts would be unreadable without them, so that as a secret they are not looked for."""


def is_findable(value: str) -> bool:
    """Whether texts can be searched for this secret without harm to innocent ones."""
    return len(value.strip()) >= SHORTEST and value.strip().lower() not in WORDS


def disguises(value: str) -> frozenset[str]:
    """`value` and what it looks like encoded; each line of a long one counts by itself. Maybe none."""
    parts = {value.strip("\r\n"), *(line.strip() for line in value.splitlines())}
    return frozenset(form for part in parts if is_findable(part) for form in _forms(part))


def _forms(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield value
    yield value[::-1]
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield html.escape(value)
    yield from (data.hex(), data.hex().upper())
    yield from _url_encoded(data)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (_inside(encode, data, at) for at in range(3))


def _url_encoded(data: bytes) -> Iterator[str]:
    for safe in ("", "/"):
        quoted = quote(data, safe=safe)
        yield from (quoted, quote_plus(data, safe=safe), _lower(quoted))
    every = "".join(f"%{one:02X}" for one in data)
    yield from (every, every.lower())


def _lower(text: str) -> str:
    """`text` with its %2F as %2f."""
    head, *rest = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _inside(encode: Callable[[bytes], bytes], data: bytes, at: int) -> str:
    """What base64 makes of `data`, whatever stands around it, when 3n + `at` bytes stand before it."""
    text = encode(bytes(at) + data).decode()
    return text[-(-at * 8 // 6) : (at + len(data)) * 8 // 6]
