"""Heard: what a model says, piece by piece, and whether it came to an end."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrate.errors import ModelBusy, ModelFailed
from orchestrate.models.model_call import Tokens

LONGEST = 256 * 1024
"""Characters of an answer; whoever says more is not listened to any further."""

MOST_WISHES = 16
"""Whoever wants to see more at once is not listened to either."""

ENDED, WISHED = "end_turn", "tool_use"
TEXT = "text"
WHY_NOT = {
    "refusal": "it refused to answer",
    "max_tokens": "its answer was cut off at the limit",
    "model_context_window_exceeded": "the question is longer than it can read",
}


@dataclass(frozen=True)
class Wish:
    """Something that a model wants to see before it answers, as it said so."""

    id: str
    tool: str
    words: str  # JSON, or whatever it is


@dataclass
class Part:
    """One part of an answer: text, a thought, or a wish."""

    kind: str
    id: str = ""
    name: str = ""
    seal: str = ""  # of a thought: without it, the API does not take the thought back
    pieces: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass
class Heard:
    """One answer while it comes in. What it costs is known as soon as the API says so."""

    tokens: Tokens | None = None  # None: nobody said
    is_free: bool = False  # it was turned away before anybody read it
    stop: str | None = None
    is_whole: bool = False
    parts: list[Part] = field(default_factory=list[Part])
    _length: int = 0

    def begins(self, part: Part) -> None:
        """The next part of the answer, with what is known of it at once."""
        self.parts.append(part)
        self._grown(len(part.text) + len(part.seal) + len(part.name) + len(part.id))

    def says(self, piece: str) -> None:
        """More of the newest part. Raises ModelFailed where the answer grows too long."""
        if not self.parts:
            self.parts.append(Part(TEXT))
        self.parts[-1].pieces.append(piece)
        self._grown(len(piece))

    def sealed(self, seal: str) -> None:
        """The seal of the newest part."""
        if self.parts:
            self.parts[-1].seal += seal
            self._grown(len(seal))

    def _grown(self, by: int) -> None:
        self._length += by
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
        self._check_ended(ENDED)
        return "".join(part.text for part in self.parts if part.kind == TEXT)

    def wishes(self) -> tuple[Wish, ...]:
        """What it wants to see first; () where it has answered. Raises as `text` does."""
        if self.stop != WISHED:
            return ()
        self._check_ended(WISHED)
        found = tuple(Wish(part.id, part.name, part.text) for part in self.parts if part.kind == WISHED)
        if not 0 < len(found) <= MOST_WISHES:
            raise ModelFailed(f"it wants to see {len(found)} things at once")
        return found

    def _check_ended(self, how: str) -> None:
        if not self.is_whole or self.stop is None:
            raise ModelBusy("the answer broke off")
        if self.stop != how:
            raise ModelFailed(WHY_NOT.get(self.stop, f"it stopped for another reason: {self.stop[:40]}"))
