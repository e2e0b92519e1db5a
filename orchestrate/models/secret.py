"""Secrets: values that are used and never shown."""

from __future__ import annotations

import hmac
from typing import NoReturn, Self

MASK = "[secret]"

_held: set[str] = set()


class Secret:
    """A value that shows itself only to whoever asks for it by `reveal`; no text, pickle or JSON holds it.

    The process remembers the values of all its secrets, so that it can keep them out of what it writes:
    see orchestrate.redaction.
    """

    __slots__ = ("_value",)
    __hash__ = None  # pyright: ignore[reportAssignmentType]  a table's look-up would tell by its time

    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)
        remember(value)

    @classmethod
    def composed(cls, text: str) -> Self:
        """A text that secrets may be part of, such as an address: it is the parts that are remembered."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_value", text)
        return made

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, form: str) -> str:
        return format(MASK, form)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError("a secret does not change")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not stored")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


def remember(value: str) -> None:
    """Keep `value` out of all texts from now on, such as a password that a secret is made of."""
    _held.add(value)


def held() -> frozenset[str]:
    """The values of all secrets that this process had in hand."""
    return frozenset(_held)


def forget() -> None:
    """Begin anew, between tests."""
    _held.clear()
