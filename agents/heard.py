"""Heard: what a model says, piece by piece, and whether it came to an end."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrate.errors import ModelBusy, ModelFailed
from orchestrate.models.model_call import Tokens

LONGEST = 256 * 1024
"""Characters of an answer; whoever says more is not listened to any further."""

ENDED = "end_turn"
WHY_NOT = {
    "refusal": "it refused to answer",
    "max_tokens": "its answer was cut off at the limit",
    "model_context_window_exceeded": "the question is longer than it can read",
}


@dataclass
class Heard:
    """One answer while it comes in. What it costs is known as soon as the API says so."""

    tokens: Tokens | None = None  # None: nobody said
    is_free: bool = False  # it was turned away before anybody read it
    stop: str | None = None
    is_whole: bool = False
    _pieces: list[str] = field(default_factory=list[str])
    _length: int = 0

    def says(self, piece: str) -> None:
        """More of the answer. Raises ModelFailed where it grows too long."""
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > LONGEST:
            raise ModelFailed(f"its answer has more than {LONGEST} characters")

    def counted(self, tokens: Tokens) -> None:
        """What the API counted so far; a number that is smaller than before is none."""
        before = self.tokens or Tokens()
        pairs = ((name, max(0, getattr(before, name), getattr(tokens, name))) for name in Tokens.model_fields)
        self.tokens = Tokens.model_validate(dict(pairs))

    def cost(self, most: Tokens) -> Tokens:
        """What it took; where nobody said, the most that it can have been."""
        if self.is_free:
            return Tokens()
        if self.tokens is None:
            return most
        said = Tokens(output=self._length // 2)  # an answer that was cut was not counted to its end
        return (
            self.tokens
            if self.is_whole
            else self.tokens.model_copy(update={"output": max(self.tokens.output, said.output)})
        )

    def text(self) -> str:
        """The whole answer. Raises ModelBusy for one that was cut, ModelFailed for one that is none."""
        if not self.is_whole or self.stop is None:
            raise ModelBusy("the answer broke off")
        if self.stop != ENDED:
            raise ModelFailed(WHY_NOT.get(self.stop, f"it stopped for another reason: {self.stop[:40]}"))
        return "".join(self._pieces)
