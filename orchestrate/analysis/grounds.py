"""Grounds: what a crossed threshold rests on, in numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.analysis.words import count, span, times

THRESHOLD = "the threshold"


@dataclass(frozen=True, slots=True)
class Grounds:
    """How many times what is usual or allowed it was, and in how many samples of which window."""

    ratio: float | None  # None where what it would be of is not above zero
    against: str  # the old slot, or THRESHOLD
    window: float  # seconds
    samples: int  # of the window
    over: int  # of those, where it was so
    old: tuple[int, int] | None = None  # how often it happened in the old slot, and in how many requests

    @property
    def words(self) -> str:
        """`4.0 times as much as blue (12 of 2,700), in 29 of 30 samples of 5 min`."""
        beside = f" ({count(self.old[0])} of {count(self.old[1])})" if self.old else ""
        to = self.against if self.against == THRESHOLD else f"as much as {self.against}{beside}"
        said = f"no multiple of {self.against}" if self.ratio is None else f"{times(self.ratio)} {to}"
        return f"{said}, in {self.over} of {self.samples} samples of {span(self.window)}"

    @property
    def numbers(self) -> dict[str, float]:
        """The same for who reads the stored judgement."""
        ratio = {} if self.ratio is None else {"ratio": self.ratio}
        return {**ratio, "window": self.window, "window_samples": self.samples, "window_over": self.over}


def multiple(value: float, of: float) -> float | None:
    """How many times `of` it is; None where that is not above zero, or the value is below it."""
    return value / of if of > 0 <= value else None


def over(several: Sequence[bool]) -> tuple[int, int]:
    """How many there are, and in how many of them it was so."""
    return len(several), sum(several)
