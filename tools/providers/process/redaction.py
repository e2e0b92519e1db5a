"""Redaction: known secrets never reach a log, plain or encoded, even when a read ends in the middle of one.

Standard library only: the supervisor imports it.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.disguises import SHORTEST as SHORTEST
from orchestrate.models.disguises import disguises

MARK = b"[secret]"


class Redactor:
    """Passes a stream on without the secrets in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form for secret in secrets for form in disguises(secret)}
        words = (form.encode("utf-8", "surrogatepass") for form in found)
        self._words = sorted(words, key=len, reverse=True)
        self._held = b""

    def passed(self, data: bytes) -> bytes:
        """What may be written; what could be the beginning of a secret is held back."""
        data = self._held + data
        for word in self._words:
            data = data.replace(word, MARK)
        end = len(data) - self._unfinished(data)
        self._held = data[end:]
        return data[:end]

    def rest(self) -> bytes:
        """What was held back, now that nothing follows."""
        rest, self._held = self._held, b""
        return rest

    def _unfinished(self, data: bytes) -> int:
        return max((_overlap(data, word) for word in self._words), default=0)


def _overlap(data: bytes, word: bytes) -> int:
    """How many bytes at the end of `data` are the beginning of `word`."""
    longest = min(len(word) - 1, len(data))
    return next((size for size in range(longest, 0, -1) if data.endswith(word[:size])), 0)
