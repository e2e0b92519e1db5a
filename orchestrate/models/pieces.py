"""Pieces: a text in which secrets are found although it was wrapped, quoted, indented or joined of strings.

Standard library only: the supervisor of an instance imports it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

SPLITTABLE = 8
"""Characters a form must have to be found in pieces: a shorter one would come together by chance."""

_UNSEEN = "".join(one for one in map(chr, range(256)) if unicodedata.category(one) in ("Cc", "Zs", "Cf"))
_BETWEEN = f"{_UNSEEN}\"'`+\\,|>#\u200b\u200c\u200d\u2028\u2029\u2060\ufeff"
_TAKEN_OUT = {ord(one): None for one in _BETWEEN}
_ESCAPES = ("\\n", "\\r", "\\t")
_SEPARATOR = re.compile(rf"\\[nrt]|[{re.escape(_BETWEEN)}]")


def joined(text: str) -> str:
    """`text` without everything that may split a secret: blanks, breaks, quotes, signs between strings."""
    if "\\" in text:
        for escape in _ESCAPES:
            text = text.replace(escape, "")
    return text.translate(_TAKEN_OUT)


def places(text: str) -> list[int]:
    """Where in `text` the characters of `joined(text)` stand."""
    is_kept = bytearray(b"\1") * len(text)
    for found in _SEPARATOR.finditer(text):
        is_kept[found.start() : found.end()] = bytes(len(found[0]))
    return [at for at, kept in enumerate(is_kept) if kept]


def without_pieces(text: str, forms: Iterable[str], mask: str) -> str:
    """`text` with each of the joined `forms` masked, and what stood between their pieces gone."""
    seen = joined(text)
    spans = sorted(span for form in forms if form in seen for span in _spans(seen, form))
    if not spans:
        return text
    at, made, end = places(text), list[str](), 0
    for first, last in spans:
        if at[first] >= end:
            made += [text[end : at[first]], mask]
        end = max(end, at[last] + 1)
    return "".join([*made, text[end:]])


def _spans(seen: str, form: str) -> Iterator[tuple[int, int]]:
    at = seen.find(form)
    while at >= 0:
        yield at, at + len(form) - 1
        at = seen.find(form, at + len(form))
