"""Wires: each request of a worker travels, arrives or not, and is answered or not, as the seed says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

from orchestrate.errors import OrchestrateError, RateLimited, Unreachable
from orchestrate.models.change import MergeOrder, Version
from orchestrate.models.environment import Component
from orchestrate.models.move import words
from orchestrate.models.task import NewTask
from tests.simulation.life import DOING, Life
from tests.simulation.loop import WORLD, VirtualLoop
from tests.simulation.record import Fate, Record, Request
from tests.simulation.troubles import Swarm, Trouble

T = TypeVar("T")

WRITES: Mapping[str, frozenset[str]] = {
    "tracker": frozenset({"comment", "create", "move", "close", "depend"}),
    "forge": frozenset({"merge", "revert"}),
    "provider": frozenset({"build", "apply"}),
}
UNBLOCKED = "unblocked/"
"""How the key begins of what is changed outside of any deployment: a task that comes back to its queue."""

PATIENCE = 10.0
"""Seconds after which a worker takes a request that nobody answers for lost."""

LONGEST_WAY = 1.5
"""Seconds that a request travels, at most."""


@dataclass
class Network:
    """What all wires share: which systems are gone, and who looks on as requests arrive."""

    loop: VirtualLoop
    swarm: Swarm
    record: Record
    fingerprint: Callable[[str], object]
    arriving: Callable[[Request, tuple[object, ...]], Request]
    arrived: Callable[[Request, tuple[object, ...]], None]
    knows_intent: Callable[[str], bool]
    gone: dict[str, float] = field(default_factory=dict[str, float])  # system → until, in virtual seconds
    arrivals: int = 0

    def fate(self, system: str) -> tuple[Fate, OrchestrateError | None]:
        """What becomes of a request that is sent now, and what whoever sent it hears."""
        if self.gone.get(system, 0.0) > self.loop.time() and not self.swarm.is_over:
            return Fate.ERROR, Unreachable(f"{system} does not answer")
        if self.swarm.strikes(Trouble.ERRORS, 0.04):
            return Fate.ERROR, Unreachable(f"{system} answered 503")
        if self.swarm.strikes(Trouble.LIMITED, 0.03):
            return Fate.ERROR, RateLimited(f"{system} answered 429", retry_after=20.0)
        if self.swarm.strikes(Trouble.LOST, 0.02):
            return Fate.LOST, Unreachable(f"{system}: no answer")
        if self.swarm.strikes(Trouble.LOST_ANSWER, 0.03):
            return Fate.LOST_ANSWER, Unreachable(f"{system}: no answer")
        return Fate.ANSWERED, None

    def way(self) -> float:
        """Seconds that a request, or its answer, travels."""
        return self.swarm.chance.uniform(0.0, LONGEST_WAY) if self.swarm.has(Trouble.SLOW) else 0.0


class Link:
    """One system of the outside, as one worker reaches it."""

    def __init__(self, twin: object, system: str, network: Network, life: Life) -> None:
        self._twin, self._system, self._network, self._life = twin, system, network, life
        self._writes = WRITES.get(system.partition(" ")[0], frozenset())

    def __getattr__(self, name: str) -> object:
        found = getattr(self._twin, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def asked(*args: object, **named: object) -> object:
            return await self._ask(name, partial(found, *args, **named), args)

        return asked

    async def _ask(
        self, name: str, call: Callable[[], Coroutine[Any, Any, object]], args: tuple[object, ...]
    ) -> object:
        self._life.check()
        network = self._network
        sent, (fate, problem) = self._sent(name, args), network.fate(self._system)
        if isinstance(problem, RateLimited):
            sent = replace(sent, quiet_until=sent.at + (problem.retry_after or 0.0))
        answer = network.loop.create_future()
        if fate in (Fate.ERROR, Fate.LOST):
            self._ended(sent, fate)
            seconds = PATIENCE if fate is Fate.LOST else network.way()
            network.loop.later_in(WORLD, seconds, partial(_answer, answer, None, problem))
        else:
            arrive = partial(self._arrive, sent, (fate, problem), call, args, answer)
            network.loop.later_in(WORLD, network.way(), arrive)
        return await answer

    def _sent(self, name: str, args: tuple[object, ...]) -> Request:
        doing, network = DOING.get(), self._network
        is_write = name in self._writes
        sent = Request(
            number=len(network.record.requests) + 1,
            at=network.loop.time(),
            worker=self._life.party,
            system=self._system,
            what=name,
            words=" ".join(filter(None, map(_word, args))),
            is_write=is_write,
        )
        if is_write:
            op = doing.op or f"{UNBLOCKED}{args[0]}"
            known = network.knows_intent(op)
            sent = replace(sent, op=op, deployment=doing.deployment, token=doing.token, is_told=known)
        network.record.requests[sent.number] = sent
        return sent

    def _arrive(
        self,
        sent: Request,
        becomes: tuple[Fate, OrchestrateError | None],
        call: Callable[[], Coroutine[Any, Any, object]],
        args: tuple[object, ...],
        answer: Any,
    ) -> None:
        network, (fate, problem) = self._network, becomes
        network.arrivals += 1
        before = network.fingerprint(self._system) if sent.is_write else None
        sent = network.arriving(replace(sent, arrived=network.arrivals), args)
        result: object = None
        try:
            result = at_once(call())
        except OrchestrateError as refused:
            fate, problem = (Fate.REFUSED, refused) if problem is None else (fate, problem)
        has_changed = sent.is_write and network.fingerprint(self._system) != before
        sent = self._ended(replace(sent, has_changed=has_changed), fate)
        network.arrived(sent, args)
        seconds = PATIENCE if fate is Fate.LOST_ANSWER else network.way()
        network.loop.later_in(WORLD, seconds, partial(_answer, answer, result, problem))

    def _ended(self, sent: Request, fate: Fate) -> Request:
        network = self._network
        ended = replace(sent, fate=fate)
        network.record.requests[sent.number] = ended
        changed = ", changed" if ended.has_changed else ""
        number = f"#{sent.number} " if sent.is_write else ""
        text = f"{number}{sent.system} {sent.what} {sent.words} → {fate}{changed}"
        network.record.note(network.loop.time(), sent.worker, text)
        return ended


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What it gives; a twin waits for nobody."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("a twin of the outside waited")


def _answer(future: Any, result: object, problem: OrchestrateError | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(result)
    else:
        future.set_exception(problem)


def _word(one: object) -> str:
    """An argument, as the trace shows it."""
    match one:
        case str():
            marker = one.rpartition("<!-- ")[2].partition(" -->")[0]
            return marker if "<!-- " in one else one.splitlines()[0][:60] if one else ""
        case NewTask():
            return one.marker or one.title
        case MergeOrder():
            return f"{one.change} {one.head[:8]}"
        case Version():
            return one.name
        case Component():
            return one.name
        case _:
            return words(one) if hasattr(one, "undo") else ""  # pyright: ignore[reportArgumentType]
