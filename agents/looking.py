"""Looking: what a model asked to see, shown to it in a fence; so often, so much, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.heard import Wish
from agents.looks import FORMS, Looks, ReadTool
from agents.model import Quoted, parsed
from orchestrate.errors import ModelFailed, OrchestrateError

ROUNDS = 6
"""So often it may ask to see something; then it answers."""

AT_ONCE = 4
"""So many things it may ask to see at the same time."""

MOST_BYTES = 24 * 1024
"""Of everything that is shown for one answer."""


@dataclass(frozen=True)
class Shown:
    """What a model sees of one wish."""

    id: str
    text: str
    is_error: bool = False


async def whole_change(looks: Looks | None) -> Quoted:
    """What the change does: in the same words for everybody who reads it, so that the API reads it once."""
    try:
        return Quoted(await looks.look(ReadTool.DIFF) or "nothing" if looks else "not shown")
    except OrchestrateError as problem:
        return Quoted(f"cannot be read: {problem}")


@dataclass
class View:
    """What may still be shown for one answer."""

    looks: Looks
    tools: Sequence[ReadTool]
    rounds: int = 0
    bytes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether anything more may be asked for."""
        return self.rounds < ROUNDS and self.bytes < MOST_BYTES

    async def shown(self, wishes: Sequence[Wish]) -> tuple[Shown, ...]:
        """Something to each wish; what does not exist, cannot be read or is too much is said to be so."""
        self.rounds += 1
        return tuple([await self._one(wish, at) for at, wish in enumerate(wishes)])

    async def _one(self, wish: Wish, at: int) -> Shown:
        if at >= AT_ONCE:
            return Shown(wish.id, f"not shown: {AT_ONCE} things at once are enough", is_error=True)
        if self.bytes >= MOST_BYTES:
            return Shown(wish.id, "not shown: enough was shown, answer from it", is_error=True)
        if wish.tool not in self.tools:
            return Shown(wish.id, f"there is no such tool; there are {', '.join(self.tools)}", is_error=True)
        tool = ReadTool(wish.tool)
        try:
            said = parsed(wish.words or "{}", FORMS[tool])
            found = await self.looks.look(tool, said.narrowed)
        except ModelFailed:
            return Shown(wish.id, "not shown: these are not the words that it takes", is_error=True)
        except OrchestrateError as problem:
            return Shown(wish.id, str(Quoted(f"cannot be read: {problem}")), is_error=True)
        text = str(Quoted(found or "nothing"))
        self.bytes += len(text.encode())
        return Shown(wish.id, text)
