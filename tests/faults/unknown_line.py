"""The line to everything outside: it counts each request, and disturbs those of one kind in one way."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from orchestrate.errors import AccessDenied, RateLimited, Unreachable
from orchestrate.models.environment import Environment
from orchestrate.models.move import Drain, Scale, SetTraffic, Start, Stop
from orchestrate.models.task import NewTask
from tests.stories.twins import Clock, Outside
from tools.migrations import Target
from tools.remembering import MemoryInMind
from tools.reserving import MemoryReservations
from tools.showing import MemoryShowcase, Shown

T = TypeVar("T")
Args = tuple[object, ...]
Answer = Callable[[], Awaitable[object]]
EVER = math.inf
CURE = "renew the token"
RETRY_AFTER = 45.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which an answer does not come.

    `after`: the effect was made, only its answer was lost. `times`: how many requests meet it. `silence`:
    seconds from the first on in which nothing of that system answers. `quiet`: seconds in which a polite
    client asks that system nothing.
    """

    error: Callable[[], Exception]
    after: bool = False
    times: float = 1
    silence: float = 0.0
    quiet: float = 0.0

    @property
    def denies(self) -> bool:
        return isinstance(self.error(), AccessDenied)

    @property
    def heals(self) -> bool:
        return self.times is not EVER and self.silence is not EVER


def unreachable(words: str) -> Callable[[], Exception]:
    return lambda: Unreachable(words)


def limited(retry_after: float | None) -> Callable[[], Exception]:
    return lambda: RateLimited("429: asked too often", retry_after=retry_after)


def denied(words: str) -> Callable[[], Exception]:
    return lambda: AccessDenied(words, cure=CURE)


FAULTS: Mapping[str, Fault] = {
    "refused once": Fault(error=unreachable("connection refused")),
    "times out before": Fault(error=TimeoutError),
    "times out after success": Fault(error=TimeoutError, after=True),
    "reset after success": Fault(error=ConnectionResetError, after=True),
    "5xx after success": Fault(error=unreachable("502 Bad Gateway"), after=True),
    "limited with Retry-After": Fault(error=limited(RETRY_AFTER), quiet=RETRY_AFTER),
    "limited without": Fault(error=limited(None), quiet=60.0),
    "limited three times": Fault(error=limited(RETRY_AFTER), times=3, quiet=RETRY_AFTER),
    "refuses three times": Fault(error=unreachable("503"), times=3),
    "partition of a second": Fault(error=unreachable("no route"), silence=1.0),
    "partition of a minute": Fault(error=unreachable("no route"), silence=60.0),
    "one-way partition of a minute": Fault(error=unreachable("no answer"), silence=60.0, after=True),
    "never answers": Fault(error=unreachable("503"), times=EVER),
    "partition for ever": Fault(error=unreachable("no route"), silence=EVER),
    "one-way partition for ever": Fault(error=unreachable("no answer"), silence=EVER, after=True),
    "401 from then on": Fault(error=denied("401: bad credentials"), times=EVER, silence=EVER),
    "403 for this": Fault(error=denied("403: not allowed to"), times=EVER),
}
"""Every fault of the table 2.3 that a request can meet: U1, U2, L, E, P and F-auth."""


@dataclass
class Line:
    """Between us and the outside; `effect` is the label of what meets `fault`."""

    clock: Clock
    effect: str = ""
    fault: Fault | None = None
    requests: int = 0
    asked: Counter[str] = field(default_factory=Counter[str])  # attempts at effects
    made: Counter[str] = field(default_factory=Counter[str])  # what happened, by label
    exactly: Counter[str] = field(default_factory=Counter[str])  # the same, with all that was asked
    rude: list[str] = field(default_factory=list[str])  # what was asked of somebody who wanted rest
    struck: str = ""  # the system that is disturbed
    hits: int = 0
    last_hit: float = -EVER
    first_hit: float = EVER
    is_going_back: bool = False  # moves are undos from then on

    def through(self, twin: T, system: str) -> T:
        """The twin, at the other end of this line."""
        return cast(T, _End(twin, self, system))

    def around(self, outside: Outside) -> Outside:
        """Everything outside, at the other end."""
        made = outside.targets

        def targets(environment: Environment) -> dict[str, Target]:
            return {name: self.through(one, "database") for name, one in made(environment).items()}

        return replace(
            outside,
            tracker=self.through(outside.tracker, "tracker"),
            forge=self.through(outside.forge, "forge"),
            providers={name: self.through(one, "provider") for name, one in outside.providers.items()},
            targets=targets,
            showcase=self.through(MemoryShowcase(), "showcase"),
            memory=self.through(MemoryInMind(), "memory"),
            reservations=self.through(MemoryReservations(self.clock), "reservations"),
        )

    async def request(self, system: str, name: str, args: Args, answer: Answer) -> object:
        """One request: counted, perhaps disturbed, and made."""
        label = label_of(system, name, args)
        label = f"undo: {label}" if self.is_going_back and name == "apply" else label
        exactly = f"{label}: {', '.join(repr(one) for one in args if not callable(one))}"
        self.requests += 1
        self.asked[label] += 1
        fault = self.fault
        if fault is None:
            return await self._made(label, exactly, answer)
        if system == self.struck and self.clock() < self.last_hit + fault.quiet:
            self.rude.append(label)
        if system == self.struck and self.clock() < self.first_hit + fault.silence:
            raise fault.error()
        if label != self.effect or self.hits >= fault.times:
            return await self._made(label, exactly, answer)
        self.hits, self.last_hit, self.struck = self.hits + 1, self.clock(), system
        self.first_hit = min(self.first_hit, self.clock())
        if fault.after:
            await self._made(label, exactly, answer)
        raise fault.error()

    async def _made(self, label: str, exactly: str, answer: Answer) -> object:
        given = await answer()
        self.made[label] += 1
        self.exactly[exactly] += 1
        return given


class _End:
    """What stands at our end of the line."""

    def __init__(self, twin: object, line: Line, system: str) -> None:
        self._twin, self._line, self._system = twin, line, system

    def __getattr__(self, name: str) -> object:
        found = getattr(self._twin, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def asked(*args: object, **named: object) -> object:
            return await self._line.request(self._system, name, args, lambda: found(*args, **named))

        return asked


def label_of(system: str, name: str, args: Args) -> str:
    """What is asked, without ids: `tracker.comment picked-up`, `provider.apply start`."""
    return " ".join([f"{system}.{name}", *(word for one in args if (word := _occasion(name, one)))])


def _occasion(name: str, one: object) -> str:
    match one:
        case NewTask() if name == "create":
            return _plain(one.marker)
        case str() if name == "comment" and "<!-- orchestrate:" in one:
            return _plain(one.rpartition("<!-- orchestrate:")[2].partition("/")[2].removesuffix(" -->"))
        case str() if name == "move" and not one.startswith("T-"):
            return one
        case Shown() if name == "show":
            return one.standing
        case Start() | Scale() | SetTraffic() | Drain() | Stop():
            return one.kind
        case _:
            return ""


def _plain(text: str) -> str:
    """Without what differs from run to run: ids, fingerprints, numbers of reports."""
    text = re.sub(r"01[0-9A-HJKMNP-TV-Z]{24}|\bQ[0-9A-Z]{5,}\b|\b[0-9a-f]{12,}\b", "", text)
    return re.sub(r"[-/]*$", "", re.sub(r"/+", "/", text))
