"""Exact: quoting that leaves nothing out unsaid, for what a hash covers."""

from __future__ import annotations

import hashlib

from orchestrate import outside
from orchestrate.reports import markdown


def inline(text: str, limit: int = 300) -> str:
    """As `outside.inline`; what does not show all of `text` is followed by its digest."""
    return _whole(text, outside.line(text, limit), outside.inline(text, limit))


def code(text: str) -> str:
    """As `markdown.code`; what does not show all of `text` is followed by its digest."""
    shown = markdown.code(text)
    return _whole(text, shown[1:-1], shown)


def _whole(text: str, readable: str, shown: str) -> str:
    """`shown`, with a digest where two texts could look alike; none can write the marks around it."""
    if readable.replace(outside.ZERO_WIDTH, "") == text:
        return shown
    return f"{shown} (SHA-256 `{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}`)"
