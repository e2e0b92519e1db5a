"""Redaction: known secrets never reach a log, plain, encoded or wrapped, even when a read ends within one.

Standard library only: the supervisor imports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orchestrate.models.disguises import SHORTEST as SHORTEST
from orchestrate.models.disguises import disguises

MARK = b"[secret]"
SEPARATORS = bytes(range(33)) + b"\"'`+\\,\x7f"
"""What may stand between the pieces of a secret that was wrapped or joined."""

SPLITTABLE = 8  # bytes; a shorter form would come together by chance
PIECE = 4  # bytes of a secret's beginning at the end of a line for which the next line is waited for
WINDOW = 4096  # bytes in which a beginning is looked for


class Redactor:
    """Passes a stream on without the secrets in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form.encode("utf-8", "surrogatepass") for secret in secrets for form in disguises(secret)}
        joined = {form.translate(None, SEPARATORS) for form in found}
        self._words = sorted(found, key=len, reverse=True)
        self._joined = sorted((form for form in joined if len(form) >= SPLITTABLE), key=len, reverse=True)
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
        joined = data.translate(None, SEPARATORS) if self._joined else b""
        split = [word for word in self._joined if word in joined]
        return _without_pieces(data, joined, split) if split else data

    def _unfinished(self, data: bytes) -> int:
        return max((_overlap(data, word) for word in self._words), default=0)

    def _wrapped(self, data: bytes) -> int:
        """The same for a beginning after which a line may have been broken."""
        end = data[-WINDOW:]
        joined = end.translate(None, SEPARATORS)
        size = max((_overlap(joined, word, PIECE) for word in self._joined), default=0)
        return len(end) - _places(end)[-size] if size else 0


def _overlap(data: bytes, word: bytes, least: int = 1) -> int:
    """How many bytes at the end of `data`, `least` or more, are the beginning of `word`."""
    end, beginning = data[1 - len(word) :], word[:least]
    at = end.find(beginning)
    while at >= 0:
        if word.startswith(end[at:]):
            return len(end) - at
        at = end.find(beginning, at + 1)
    return 0


def _without_pieces(data: bytes, joined: bytes, words: Sequence[bytes]) -> bytes:
    places = _places(data)
    made, end = list[bytes](), 0
    for first, last in sorted(span for word in words for span in _spans(joined, word)):
        if places[first] >= end:
            made += [data[end : places[first]], MARK]
        end = max(end, places[last] + 1)
    return b"".join([*made, data[end:]])


def _places(data: bytes) -> list[int]:
    """Where the bytes stand that separate nothing."""
    return [at for at, one in enumerate(data) if one not in SEPARATORS]


def _spans(joined: bytes, word: bytes) -> Iterator[tuple[int, int]]:
    at = joined.find(word)
    while at >= 0:
        yield at, at + len(word) - 1
        at = joined.find(word, at + len(word))
