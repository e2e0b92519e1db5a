"""Sealed positions: written and read under one key, bound to their deployment, of our own types alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from langgraph.checkpoint.serde.event_hooks import SerdeEvent, register_serde_event_listener
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from graphs.typed import state_types
from orchestrate.errors import SealBroken
from orchestrate.models.secret import held
from orchestrate.redaction import without_secrets, without_secrets_in
from orchestrate.vault.seal import place, sealed, unsealed

MARK = "+o1"
FORMS = frozenset({"msgpack", "null", "bytes"})
"""The forms that our own writing has; JSON and pickles are never read."""

_thread: ContextVar[str] = ContextVar("thread", default="")
_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)


@contextmanager
def belonging_to(thread: str) -> Generator[None]:
    """What is written and read meanwhile belongs to the deployment `thread`."""
    token = _thread.set(thread)
    try:
        yield
    finally:
        _thread.reset(token)


class SealedSerializer(JsonPlusSerializer):
    """Seals what it writes; what it did not write for the same deployment, it refuses."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        super().__init__(allowed_msgpack_modules=state_types())
        self._key = cache(key)

    def with_msgpack_allowlist(self, extra_allowlist: object) -> SealedSerializer:  # noqa: ARG002
        """Itself: nobody adds to our list of types."""
        return self

    def dumps_typed(self, obj: object) -> tuple[str, bytes]:
        form, data = super().dumps_typed(obj)
        if held() and without_secrets(text := data.decode("utf-8", "replace")) != text:
            form, data = super().dumps_typed(without_secrets_in(obj))
        return f"{form}{MARK}", sealed(self._key(), data, _bound(form))

    def loads_typed(self, data: tuple[str, bytes]) -> object:
        """What was written. Raises SealBroken for plain, changed, moved and foreign data."""
        kind, content = data
        form = kind.removesuffix(MARK)
        if form == kind or form not in FORMS:
            raise _broken(f"it is not sealed ({kind})")
        try:
            plain = unsealed(self._key(), bytes(content), _bound(form))
        except SealBroken as broken:
            raise _broken(str(broken)) from None
        token = _refused.set(foreign := list[str]())
        try:
            found = super().loads_typed((form, plain))
        finally:
            _refused.reset(token)
        if foreign:
            raise _broken(f"it holds types that are not ours: {', '.join(foreign)}")
        return found


def _bound(form: str) -> bytes:
    return place("orchestrate position", MARK, _thread.get(), form)


def _broken(why: str) -> SealBroken:
    return SealBroken(
        f"a position is refused: {why}",
        cure="see who can write to the store; the deployment is parked, and can be asked for again",
    )


def _note(event: SerdeEvent) -> None:
    seen = _refused.get()
    if seen is not None and event["kind"].endswith("blocked"):
        seen.append(f"{event['module']}.{event['name']}")


register_serde_event_listener(_note)
