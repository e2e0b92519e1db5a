"""Outside: text that others wrote, made safe to quote: bounded, without secrets, without powers."""

from __future__ import annotations

import re
import unicodedata

from orchestrate.redaction import without_secrets

MARK = "[redacted]"
ZERO_WIDTH = "\u200b"

_WHOLE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk-ant-|sk-|pk_live_|sk_live_|rk_live_)[\w-]{12,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.DOTALL,
)
_NAME = r"(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private)[_-]?key|credential)[\w-]{0,20}"
_VALUE = re.compile(
    rf"(?P<name>{_NAME}\\?[\"']?\s{{0,3}}[:=]\s{{0,3}})"
    r"(?P<value>\\?\"[^\"\n]{1,400}\"|\\?'[^'\n]{1,400}'|[^\s\"',;&]{3,})",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"(?P<name>--(?:[a-z]{{1,12}}-)?{_NAME}\s{{1,3}})(?P<value>[^\s-]\S{{2,}})", re.IGNORECASE
)
_BEARER = re.compile(r"(?P<name>\b(?:bearer|basic)\s+)(?P<value>[\w.~+/=-]{8,})", re.IGNORECASE)
_USERINFO = re.compile(r"(?P<name>://[^\s:/@]{0,80}:)(?P<value>[^\s/]{1,200})(?=@)")


def redacted(text: str) -> str:
    """`text` without the secrets that we know, and without what looks like a key, a token or a password."""
    text = _WHOLE.sub(MARK, without_secrets(text))
    for pattern in (_BEARER, _VALUE, _OPTION, _USERINFO):
        text = pattern.sub(_without_value, text)
    return text


def _without_value(match: re.Match[str]) -> str:
    return f"{match['name']}{MARK}"


def visible(text: str) -> str:
    """`text` without control, formatting and private-use characters; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    text = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in _UNSEEN)


_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def clipped(text: str, limit: int) -> str:
    """At most `limit` bytes, or the note alone: the beginning, how much was left out, and the end.

    A longer text is cut without its secrets: half of one would not be known again.
    """
    if len(text.encode(errors="replace")) <= limit:
        return text
    data = without_secrets(text).encode(errors="replace")
    half = max(0, (limit - len(_NOTE.format(len(data)).encode())) // 2)
    head, tail = (part.decode(errors="ignore") for part in (data[:half], data[len(data) - half :]))
    return f"{head}{_NOTE.format(len(data) - 2 * half)}{tail}"


_NOTE = "\n… {} bytes left out …\n"


def line(text: str, limit: int = 300) -> str:
    """`text` as one line without secrets, at most `limit` characters; for titles, which are no Markdown."""
    words = " ".join(redacted(visible(text)).split())
    return muted(words if len(words) <= limit else f"{words[:limit]}…")


def inline(text: str, limit: int = 300) -> str:
    """`text` as one line of plain words inside Markdown: no mention, link, markup or comment works in it."""
    return _escaped(line(text, limit))


def block(text: str, limit: int = 4096) -> str:
    """`text` as a fenced code block that it cannot end; mentions and hidden comments do not work in it."""
    body = muted(clipped(redacted(visible(text)), limit).strip("\n"))
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def muted(text: str) -> str:
    """`text` that calls nobody and hides nothing: no mention, channel call or comment works in it."""
    return _CALL.sub(lambda call: f"{call[0]}{ZERO_WIDTH}", text)


_CALL = re.compile(r"@(?=\w)|<(?=!)")
_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)|#(?=\w)|^[>+=#-]")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_LINK = re.compile(r"://|(?:javascript|mailto):|www\.", re.IGNORECASE)
"""Wherever it stands: GitHub makes a link of `a_www.e.vil` too, and others after any letter."""


def _escaped(text: str) -> str:
    text = _LINK.sub(_cut, text).replace("&", "&amp;").replace("<", "&lt;")
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(_backslashed, text))


def _cut(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}{ZERO_WIDTH}{match[0][-1]}"


def _backslashed(match: re.Match[str]) -> str:
    return f"\\{match[0]}"
