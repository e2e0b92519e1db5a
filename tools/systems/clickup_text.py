"""Our Markdown in the runs of which ClickUp's comments consist, and our marker there and back.

Nothing can be hidden in such a comment: the marker is its last line, in small print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Run = dict[str, object]

_MARKER = re.compile(r"\s*<!-- orchestrate:(\S+) -->\s*\Z")
_SHOWN = re.compile(r"\n*^orchestrate:(\S+)\s*\Z", re.MULTILINE)
_INLINE = re.compile(
    r"\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`|\[(?P<name>[^\]\n]+)\]\((?P<link>https?://[^\s)]+)\)"
    r"|@(?P<person>\w[\w.-]*)"
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_ROW, _RULE = re.compile(r"\|(.*)\|"), re.compile(r"\|[\s:|-]+\|")
_TITLE = re.compile(r"#{1,6} +(.*)")
_FENCE = re.compile(r"(`{3,})\w*\s*")


def runs(text: str, people: Mapping[str, str]) -> list[Run]:
    """`text` as runs; `people`: whom a mention calls, name → id of the account."""
    marker = _MARKER.search(text)
    made = list(_lines(text[: marker.start()] if marker else text, people))
    if marker:
        made.append(_run(f"orchestrate:{marker[1]}", {"code": True}))
    return made


def words(text: str, *, is_ours: bool) -> str:
    """A comment's text as it is read; in our own ones the marker is a marker again."""
    said = text.rstrip("\n")
    shown = _SHOWN.search(said) if is_ours else None
    return f"{said[: shown.start()]}\n\n<!-- orchestrate:{shown[1]} -->" if shown else said


def _lines(text: str, people: Mapping[str, str]) -> Iterator[Run]:
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.fullmatch(line)
        if match and (not fence or line.strip() == fence):
            fence = "" if fence else match[1]
        elif fence:
            yield _run(line)
            yield _run("\n", {"code-block": {"code-block": "plain"}})
        elif not _RULE.fullmatch(line):
            yield from _line(line, people)


def _line(line: str, people: Mapping[str, str]) -> Iterator[Run]:
    end: Run = {}
    if title := _TITLE.fullmatch(line):
        yield _run(_plain(title[1]), {"bold": True})
    elif line.startswith("- "):
        yield from _inline(line[2:], people)
        end = {"list": {"list": "bullet"}}
    else:
        row = _ROW.fullmatch(line)
        yield from _inline(row[1].strip() if row else line, people)
    yield _run("\n", end)


def _inline(text: str, people: Mapping[str, str]) -> Iterator[Run]:
    start = 0
    for match in _INLINE.finditer(text):
        person = match["person"]
        if person is not None and person not in people:
            continue
        yield from _text(text[start : match.start()])
        yield _marked(match, people)
        start = match.end()
    yield from _text(text[start:])


def _marked(match: re.Match[str], people: Mapping[str, str]) -> Run:
    if match["bold"]:
        return _run(_plain(match["bold"]), {"bold": True})
    if match["code"]:
        return _run(match["code"], {"code": True})
    if match["link"]:
        return _run(_plain(match["name"]), {"link": match["link"]})
    return {"type": "tag", "user": {"id": int(people[match["person"]])}}


def _text(text: str) -> Iterator[Run]:
    if text:
        yield _run(_plain(text))


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _run(text: str, attributes: Mapping[str, object] | None = None) -> Run:
    return {"text": text, "attributes": dict(attributes or {})}
