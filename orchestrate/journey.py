"""Journeys: one component's way through a plan, walked move by move, and what is wrong on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.environment import CanaryStep, Component, Strategy
from orchestrate.models.move import (
    Analyse,
    Drain,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
    Weights,
    words,
)
from orchestrate.models.plan import Shipped


@dataclass
class Journey:
    """What is known of a component while its moves are walked; None: the plan does not tell yet."""

    component: Component
    strategy: Strategy
    version: Version
    weights: Weights | None
    counts: dict[str, int] = field(default_factory=dict[str, int])
    started: set[str] = field(default_factory=set[str])
    served: set[str] = field(default_factory=set[str])
    drained: set[str] = field(default_factory=set[str])
    is_watched: bool = False  # the final watch is behind us

    def walk(self, moves: Iterable[Move]) -> Iterator[str]:
        """Every violation, in the order of the moves."""
        for move in moves:
            for problem in self._step(move):
                yield f"{words(move)}: {problem}"

    def _step(self, move: Move) -> Iterator[str]:
        match move:
            case Start():
                yield from self._start(move)
            case Scale():
                yield from self._scale(move)
            case SetTraffic():
                yield from self._share(move)
            case Drain():
                yield from self._drain(move)
            case Stop():
                yield from self._stop(move)
            case Analyse():
                yield from self._analyse(move)
            case _:
                return

    def _start(self, move: Start) -> Iterator[str]:
        if self._has_traffic(move.slot):
            yield "starts in the slot that has traffic"
        if self.counts.get(move.slot):
            yield "starts in a slot that is not empty"
        if move.instances < 1:
            yield "starts nothing"
        self.counts[move.slot] = move.instances
        self.started.add(move.slot)

    def _scale(self, move: Scale) -> Iterator[str]:
        if move.slot in self.counts and self.counts[move.slot] != move.was:
            yield f"{self.counts[move.slot]} instances run there by then, not {move.was}"
        if move.instances < 1:
            yield "scales to nothing; only a Stop does that"
        yield from self._own_version(move)
        self.counts[move.slot] = move.instances

    def _share(self, move: SetTraffic) -> Iterator[str]:
        if not self.component.port:
            yield "the component takes no traffic"
        if not _shares(move.weights) and (self.strategy is not Strategy.RECREATE or self.started):
            yield "leaves nobody to answer"
        if move.weights and (sum(move.weights.values()) != 100 or min(move.weights.values()) < 0):
            yield "the shares do not add up to 100 %"
        if self.weights is not None and _shares(move.was) != _shares(self.weights):
            yield "its undo does not lead to the shares before it"
        yield from self._arrivals(move)
        self.served |= set(_shares(move.was))
        self.drained -= set(_shares(move.weights))
        self.weights = move.weights

    def _arrivals(self, move: SetTraffic) -> Iterator[str]:
        for slot in sorted(_shares(move.weights)):
            if slot not in self.started and slot not in (self.weights or {}) and slot not in self.served:
                yield f"sends traffic to {slot}, where nothing was started"
            elif self.counts.get(slot) == 0:
                yield f"sends traffic to {slot}, which was stopped"

    def _drain(self, move: Drain) -> Iterator[str]:
        if self._has_traffic(move.slot):
            yield "drains the slot that has traffic"
        elif self.weights is not None and move.slot not in self.served:
            yield "drains a slot whose traffic was never taken away"
        self.drained.add(move.slot)

    def _stop(self, move: Stop) -> Iterator[str]:
        if self._has_traffic(move.slot):
            yield "stops the slot that has traffic"
        if move.slot in self.counts and self.counts[move.slot] != move.instances:
            yield f"{self.counts[move.slot]} instances run there by then, not {move.instances}"
        if move.slot in self.served and move.slot not in self.drained:
            yield "stops a slot before it has finished its requests"
        if self.component.port and self.started and move.slot in self.served and not self.is_watched:
            yield "stops the way back before the monitoring period is over"
        yield from self._own_version(move)
        self.counts[move.slot] = 0

    def _own_version(self, move: Scale | Stop) -> Iterator[str]:
        if move.slot in self.started and move.version != self.version:
            yield "another version runs in that slot"

    def _analyse(self, move: Analyse) -> Iterator[str]:
        share = (self.weights or {}).get(move.slot, 0)
        if self.weights is not None and self.component.port and share != move.share:
            yield f"the slot has {share} % of the traffic by then"
        yield from self._counted(move)
        self.is_watched = self.is_watched or move.final

    def _counted(self, move: Analyse) -> Iterator[str]:
        """Where instances alone give the share, as many of them must be there as give it."""
        if move.final or move.share == 100 or abilities_of(self.component).does(Ability.SHARES):
            return
        counts = [self.counts.get(slot) for slot in (move.slot, move.baseline or "")]
        new, old = counts
        if self.component.port and new and old and 100 * new != move.share * (new + old):
            yield f"{new} new instances beside {old} give another share than {move.share} %"

    def _has_traffic(self, slot: str) -> bool:
        return bool((self.weights or {}).get(slot))


def ending(component: Component, shipped: Shipped | None, moves: Sequence[Move]) -> Iterator[str]:
    """What is wrong with how a component's way ends: complete, checked, nothing half done."""
    last = max((index for index, move in enumerate(moves) if isinstance(move, SetTraffic)), default=-1)
    checks = [move for move in moves[last + 1 :] if isinstance(move, Verify)]
    if not checks:
        yield f"{component.name}: nothing is verified after the last traffic move"
        return
    slot, traffic = checks[-1].slot, moves[last] if last >= 0 else None
    if isinstance(traffic, SetTraffic) and _shares(traffic.weights) != {slot: 100}:
        yield f"{component.name}: {slot}, which is verified, does not get all of the traffic"
    if shipped is None or _is_new(shipped):
        yield from _arrival(component, slot, moves)
    grown = [move.instances for move in moves if isinstance(move, Start | Scale) and move.slot == slot]
    if grown and grown[-1] != component.instances:
        yield f"{component.name}: ends with {grown[-1]} instances, not {component.instances}"
    for index, move in enumerate(moves):
        if isinstance(move, Drain) and not _stops(moves[index + 1 :], move.slot):
            yield f"{component.name}: {move.slot} is drained, and never stopped"


def _is_new(shipped: Shipped) -> bool:
    return shipped.from_version is None or shipped.from_version.tree != shipped.to_version.tree


def _arrival(component: Component, slot: str, moves: Sequence[Move]) -> Iterator[str]:
    if not any(isinstance(move, Start) and move.slot == slot for move in moves):
        yield f"{component.name}: the new version is never started in {slot}"
    if component.port and not any(isinstance(move, SetTraffic) for move in moves):
        yield f"{component.name}: the new version gets no traffic"


def canary(component: Component, steps: Sequence[CanaryStep], moves: Sequence[Move]) -> Iterator[str]:
    """The configured steps that a canary leaves out or shortens."""
    analysed = {move.share: move.seconds for move in moves if isinstance(move, Analyse) and not move.final}
    for step in steps:
        if step.seconds and analysed.get(step.share, -1) < step.seconds:
            yield f"{component.name}: {step.share} % is not analysed for {step.seconds} s"


def weights_before(moves: Sequence[Move]) -> Weights | None:
    """The shares before the first move, as far as the moves tell."""
    return next((move.was for move in moves if isinstance(move, SetTraffic)), None)


def _stops(moves: Sequence[Move], slot: str) -> bool:
    return any(isinstance(move, Stop) and move.slot == slot for move in moves)


def _shares(weights: Weights) -> Weights:
    return {slot: share for slot, share in weights.items() if share}
