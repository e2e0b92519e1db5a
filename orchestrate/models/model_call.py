"""Model calls: what asking a model cost, one fact per request."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.fact import Fact

MICROS = 1_000_000
"""Millionths of a US dollar in a dollar."""


class CallState(StrEnum):
    """What came of a request."""

    ASKED = "asked"  # under way, or whoever asked was killed: it counts with all that it might cost
    ANSWERED = "answered"
    LOOKED = "looked"  # it wanted to see something, and was asked again with that
    FAILED = "failed"


class Tokens(Fact):
    """What was read and written, as the API counts it."""

    fresh: int = 0  # input that no cache had
    cache_write: int = 0
    cache_read: int = 0
    output: int = 0

    @property
    def input(self) -> int:
        return self.fresh + self.cache_write + self.cache_read

    @property
    def all(self) -> int:
        return self.input + self.output

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            fresh=self.fresh + other.fresh,
            cache_write=self.cache_write + other.cache_write,
            cache_read=self.cache_read + other.cache_read,
            output=self.output + other.output,
        )


class NewCall(Fact):
    """A request about to be made, with the most that it can cost."""

    deployment: str  # whose purse it comes from
    role: str
    model: str
    prompt: str  # SHA-256 of the prompt file, in hex: which words were said
    question: str  # SHA-256 of all that is sent, in hex
    most: Tokens
    most_micros: int  # millionths of a US dollar


class ModelCall(Fact):
    """A request that was made."""

    number: int
    deployment: str
    role: str
    model: str
    prompt: str
    question: str
    state: CallState
    why: str  # it failed, or what it looked at; ''
    tokens: Tokens
    micros: int  # millionths of a US dollar
    answer: str | None = None  # JSON of the answer's type
    at: float  # epoch seconds
    took: float | None = None  # seconds


class Purse(Fact):
    """What may be spent, by one deployment or by one role in it."""

    tokens: int  # in and out together
    micros: int
    requests: int  # those that failed count too


class Spent(Fact):
    """What a deployment spent on models."""

    requests: int = 0
    failed: int = 0
    tokens: Tokens = Tokens()
    micros: int = 0

    @property
    def words(self) -> str:
        """For people: how often was asked, what was read and written, and what it cost."""
        failed = f", {self.failed} failed" if self.failed else ""
        cached = f" ({self.tokens.cache_read:,} from the cache)" if self.tokens.cache_read else ""
        read = f"{self.tokens.input:,} tokens in{cached}, {self.tokens.output:,} out"
        asked = "1 request" if self.requests == 1 else f"{self.requests} requests"
        return f"{asked}{failed}: {read}, {dollars(self.micros)}"


def spent(calls: tuple[ModelCall, ...]) -> Spent:
    """The sum of `calls`."""
    return Spent(
        requests=len(calls),
        failed=sum(one.state not in (CallState.ANSWERED, CallState.LOOKED) for one in calls),
        tokens=sum((one.tokens for one in calls), Tokens()),
        micros=sum(one.micros for one in calls),
    )


def dollars(micros: int) -> str:
    """An amount of money, such as $0.0214."""
    return f"${micros / MICROS:.4f}"
