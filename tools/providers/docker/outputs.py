"""Outputs: what containers wrote, also after they are gone; known secrets are not in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrate.errors import StartFailed
from orchestrate.models.environment import Component
from tools.providers.docker.containers import Container
from tools.providers.docker.engine import Engine, TooMuch
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.private import write_privately
from tools.providers.fleet.redaction import Redactor
from tools.providers.fleet.variables import Variables

KEPT = 2_000  # lines of a container that is removed
FEW = 50  # lines, where many are too much
HEAD = 8  # bytes before each piece: which stream, and how long
LONGEST = 2_000  # characters of a line
Line = tuple[str, str]  # when, and what


class Outputs:
    """Reads the logs of containers, and keeps those of the last ones of a slot."""

    def __init__(self, layout: Layout, variables: Variables) -> None:
        self._layout, self._variables = layout, variables

    async def newest(self, engine: Engine, members: Sequence[Container], lines: int) -> tuple[str, ...]:
        """The newest lines of these containers together, oldest first."""
        found: list[Line] = []
        for one in members:
            found += await self._lines(engine, one, lines)
        return tuple(text for _, text in sorted(found)[-lines:]) if lines > 0 else ()

    async def kept(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the containers that were in the slot last."""
        found: list[Line] = []
        for file in sorted(self._folder(component).glob(f"{word(slot)}-*.log")):
            pairs = (line.partition(" ") for line in file.read_text("utf-8", "replace").splitlines())
            found += [(at, text) for at, _, text in pairs]
        return tuple(text for _, text in sorted(found)[-lines:]) if lines > 0 else ()

    async def keep(self, engine: Engine, component: Component, one: Container) -> None:
        """Write down what it wrote, before it is removed."""
        lines = await self._lines(engine, one, KEPT)
        made(self._folder(component))
        text = "".join(f"{at} {line}\n" for at, line in lines)
        await asyncio.to_thread(write_privately, self._file(component, one.id), text)

    async def forget(self, component: Component, id: str) -> None:
        self._file(component, id).unlink(missing_ok=True)

    async def _lines(self, engine: Engine, one: Container, lines: int) -> list[Line]:
        text = self._without_secrets(unframed(await _written(engine, one, lines))).decode("utf-8", "replace")
        pairs = (line.partition(" ") for line in text.splitlines())
        return [(at, said[:LONGEST]) for at, _, said in pairs]

    def _without_secrets(self, data: bytes) -> bytes:
        try:
            redactor = Redactor(self._variables.secret().values())
        except StartFailed:  # a secret that cannot be read now was not handed over now either
            return data
        return redactor.passed(data) + redactor.rest()

    def _folder(self, component: Component) -> Path:
        return self._layout.root.resolve() / "logs" / word(component.name)

    def _file(self, component: Component, id: str) -> Path:
        return self._folder(component) / f"{word(id)}.log"


async def _written(engine: Engine, one: Container, lines: int) -> bytes:
    """The newest lines in the engine's frames; fewer where they are too long, and none rather than fail."""
    for number in (lines, min(lines, FEW)):
        query = {"stdout": "true", "stderr": "true", "timestamps": "true", "tail": str(number)}
        with suppress(TooMuch):
            answer = await engine.ask("GET", f"/containers/{one.key}/logs", query)
            return answer.body if answer.status == 200 else b""
    return b""


def unframed(data: bytes) -> bytes:
    """Both streams of a container without a terminal, as one; of one with a terminal, as it is."""
    found, at = bytearray(), 0
    while at + HEAD <= len(data):
        stream, size = data[at], int.from_bytes(data[at + 4 : at + HEAD], "big")
        if stream > 2 or data[at + 1 : at + 4] != b"\0\0\0":
            return data
        found += data[at + HEAD : at + HEAD + size]
        at += HEAD + size
    return bytes(found)
