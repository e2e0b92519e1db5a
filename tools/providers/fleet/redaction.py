"""Redaction: known secrets never reach a log, plain, encoded or wrapped, even when a read ends within one.

Standard library only: the supervisor imports it.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.disguises import SHORTEST as SHORTEST
from orchestrate.models.disguises import disguises
from orchestrate.models.pieces import SPLITTABLE, joined, places, without_pieces

MARK = b"[secret]"
PIECE = 4  # bytes of a secret's beginning at the end of a line for which the next line is waited for
WINDOW = 4096  # bytes in which a beginning is looked for
BYTES = "latin-1"  # each byte is a character: a stream may end within one of UTF-8


class Redactor:
    """Passes a stream on without the secrets in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form.encode("utf-8", "surrogatepass") for secret in secrets for form in disguises(secret)}
        pieces = {joined(form.decode(BYTES)) for form in found}
        self._words = sorted(found, key=len, reverse=True)
        self._joined = sorted((form for form in pieces if len(form) >= SPLITTABLE), key=len, reverse=True)
        self._held = b""

    def passed(self, data: bytes) -> bytes:
        """What may be written; what could be the beginning of a secret is held back."""
        data = self._masked(self._held + data)
        end = len(data) - max(self._unfinished(data), self._wrapped(data))
        self._held = data[end:]
        return data[:end]

    def rest(self) -> bytes:
        """What was held back, now that nothing follows."""
        rest, self._held = self._held, b""
        return rest

    def _masked(self, data: bytes) -> bytes:
        for word in self._words:
            data = data.replace(word, MARK)
        if not self._joined:
            return data
        return without_pieces(data.decode(BYTES), self._joined, MARK.decode()).encode(BYTES)

    def _unfinished(self, data: bytes) -> int:
        text = data.decode(BYTES)
        return max((_overlap(text, word.decode(BYTES), 1) for word in self._words), default=0)

    def _wrapped(self, data: bytes) -> int:
        """The same for a beginning after which a line may have been broken."""
        end = data[-WINDOW:].decode(BYTES)
        seen = joined(end)
        size = max((_overlap(seen, word, PIECE) for word in self._joined), default=0)
        return len(end) - places(end)[-size] if size else 0


def _overlap(text: str, word: str, least: int) -> int:
    """How many characters at the end of `text`, `least` or more, are the beginning of `word`."""
    end, beginning = text[1 - len(word) :], word[:least]
    at = end.find(beginning)
    while at >= 0:
        if word.startswith(end[at:]):
            return len(end) - at
        at = end.find(beginning, at + 1)
    return 0
