"""Strategies: how a new version takes over from the old one, as moves that can be read before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from orchestrate.backups import backups, is_backed_up
from orchestrate.elementary import clamped, grown, resized, shared, started, traffic
from orchestrate.foresight import after_all, filled, served
from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import CanaryStep, Component, Environment, Strategy
from orchestrate.models.move import (
    Analyse,
    Drain,
    Migrate,
    MigrationFile,
    Move,
    Stop,
    Verify,
)
from orchestrate.models.replicas import newcomers
from orchestrate.models.runtime import Running, Slot
from orchestrate.rehearsal import rehearsal

Rollout = Callable[[Component, Environment, Running, Version], tuple[Move, ...]]
BLUE, GREEN = SLOTS = ("blue", "green")


def moves(
    environment: Environment,
    running: Mapping[str, Running],
    version: Version,
    files: Mapping[str, tuple[MigrationFile, ...]],
    one_way: Sequence[str] = (),
    kind: Kind = Kind.DEPLOY,
) -> tuple[Move, ...]:
    """Everything that brings `version` to `environment`, in order.

    Backups come first (nothing has changed yet if one fails), then each component in the declared
    order, then the monitoring period, the rehearsal of the way back where one is wanted, and only then are
    the old slots stopped, so that until then blue-green and canary go back by traffic alone. `running` and
    `files` are by component name; a missing one is empty. After `one_way` migrations nothing is rehearsed.
    """
    rollouts: list[Move] = []
    rehearsals: list[Move] = []
    endings: list[Move] = []
    for part in environment.components:
        here = running.get(part.name, Running(component=part.name))
        if pending := files.get(part.name, ()):
            rollouts.append(Migrate(component=part.name, version=version, files=pending))
        taken = rollout(part, environment, here, version)
        rollouts += taken
        tried = rehearsal(part, environment, here, after_all(here, taken), version, one_way)
        rehearsals += tried
        endings += cleanup(part, after_all(here, (*taken, *tried)), destination(part, here, version))
    watches = _final_watches(environment, running, version)
    is_migrated = any(files.get(part.name) for part in environment.components)
    copies = backups(environment) if is_backed_up(environment, kind, is_migrated=is_migrated) else ()
    return (*copies, *rollouts, *watches, *rehearsals, *endings)


def rollout(
    component: Component, environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """One component's way to `version`: leftovers go, the strategy brings it in, a check ends it."""
    first = _tidy(component, running)
    here = after_all(running, first)
    slot = destination(component, running, version)
    verify = Verify(component=component.name, slot=slot, version=version)
    live = here.live
    if live is not None and _is_same(live, version):
        return (*first, *_scaled(component, live), verify)
    strategy = ROLLOUTS[environment.strategy_of(component)]
    return (*first, *strategy(component, environment, here, version), verify)


def cleanup(component: Component, running: Running, keep: str) -> tuple[Move, ...]:
    """Let every slot but `keep` finish its requests, and stop it."""
    return tuple(
        move
        for slot in filled(running)
        if slot.name != keep
        for move in _retired(component, slot, drain=True)
    )


def destination(component: Component, running: Running, version: Version) -> str:
    """The slot in which `version` will run: where it is live already, or else the one that is not live."""
    live = _serving(component, running)
    if live is not None and _is_same(live, version):
        return live.name
    return GREEN if live is not None and live.name == BLUE else BLUE


def rolling(
    component: Component, environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """One instance more in the new slot, its part of the traffic, one less in the old slot; and again.

    Where two versions never run beside each other, the place itself puts one in place of the other, whole.
    """
    live = running.live
    if not abilities_of(component).does(Ability.SLOTS):
        return blue_green(component, environment, running, version)
    if live is None:
        return _first(component, version)
    slot = destination(component, running, version)
    old, wanted, weights = live.wanted, component.instances, served(running)
    found: list[Move] = []
    for new in range(1, wanted + 1):
        left = 0 if new == wanted else max(1, min(old, wanted - new))
        found.append(grown(component, slot, version, new - 1, new))
        share = 100 if left == 0 else clamped(100 * new / (new + left))
        fair = shared(slot, live.name, share)
        found += traffic(component, weights, fair)
        weights = fair
        if 0 < left < old:
            found.append(resized(component, live, old, left))
            old = left
    remaining = live.model_copy(update={"wanted": old})
    return (*found, *_retired_unless_serving(component, remaining))


def blue_green(
    component: Component, _environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """Start everything in the idle slot, wait until it is healthy, switch; the old slot stays as it is."""
    live = running.live
    if live is None:
        return _first(component, version)
    slot = destination(component, running, version)
    start = started(component, slot, version)
    switch = traffic(component, served(running), {slot: 100})
    return (start, *switch, *_retired_unless_serving(component, live))


def canary(
    component: Component, environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """Start everything in the idle slot and widen its share, each step analysed against the old slot."""
    live = running.live
    if live is None or not component.port:
        return blue_green(component, environment, running, version)
    if not abilities_of(component).does(Ability.SHARES):
        return _by_instances(component, environment, running, version)
    slot = destination(component, running, version)
    found: list[Move] = [started(component, slot, version)]
    weights = served(running)
    for step in _widening(environment.canary):
        wider = shared(slot, live.name, step.share)
        found += traffic(component, weights, wider)
        weights = wider
        if step.seconds:
            found.append(_analysis(component, slot, live.name, step))
    return tuple(found)


def _by_instances(
    component: Component, environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """As many of the instances are new as give the share; no slot goes before its part is taken."""
    live, weights = running.live, served(running)
    assert live is not None  # nothing to compare with is no canary
    slot = destination(component, running, version)
    found: list[Move] = []
    new, old = 0, live.wanted
    for step in _widening(environment.canary):
        count = newcomers(step.share, component.instances)
        if count is None:
            continue  # refused beforehand: inability()
        left, wider = component.instances - count, shared(slot, live.name, step.share)
        found += [grown(component, slot, version, new, count)] if count != new else []
        found += [resized(component, live, old, left)] if left > old else []
        found += traffic(component, weights, wider)
        found += [resized(component, live, old, left)] if 0 < left < old else []
        new, old, weights = count, left or old, wider
        if step.seconds:
            found.append(_analysis(component, slot, live.name, step))
    return tuple(found)


def recreate(
    component: Component, _environment: Environment, running: Running, version: Version
) -> tuple[Move, ...]:
    """Stop the old slot, start the new one, point the traffic at it; nothing answers in between.

    The traffic is taken away first, so that its undo gives it back last, when the old slot runs again.
    """
    live = running.live
    if live is None:
        return _first(component, version)
    slot = destination(component, running, version)
    nobody = traffic(component, served(running), {})
    stop = _retired(component, live, drain=True)
    return (*nobody, *stop, started(component, slot, version), *traffic(component, {}, {slot: 100}))


ROLLOUTS: Mapping[Strategy, Rollout] = {
    Strategy.ROLLING: rolling,
    Strategy.BLUE_GREEN: blue_green,
    Strategy.CANARY: canary,
    Strategy.RECREATE: recreate,
}


def _tidy(component: Component, running: Running) -> tuple[Move, ...]:
    """Bring what an interrupted deployment left behind down to one live slot with all the traffic."""
    live = _serving(component, running)
    found: list[Move] = []
    if live is not None and component.port:
        left_over = [
            slot for slot in filled(running) if slot.name != live.name and slot.name in served(running)
        ]
        if left_over and live.wanted < component.instances:
            found.append(resized(component, live, live.wanted, component.instances))
        found += traffic(component, served(running), {live.name: 100})
    for slot in filled(running):
        if live is None or slot.name != live.name:
            found += _retired(component, slot, drain=slot.name in served(running))
    return tuple(found)


def _serving(component: Component, running: Running) -> Slot | None:
    """The live slot; where there is traffic, a slot that gets none of it is not live."""
    live = running.live
    if live is not None and component.port and live.name not in served(running):
        return None
    return live


def _is_same(slot: Slot, version: Version) -> bool:
    return slot.version is not None and slot.version.tree == version.tree


def _first(component: Component, version: Version) -> tuple[Move, ...]:
    return (started(component, BLUE, version), *traffic(component, {}, {BLUE: 100}))


def _widening(steps: tuple[CanaryStep, ...]) -> tuple[CanaryStep, ...]:
    """The configured steps, and all of the traffic at the end."""
    whole = CanaryStep(share=100, seconds=0)
    return steps if steps and steps[-1].share == 100 else (*steps, whole)


def _scaled(component: Component, live: Slot) -> tuple[Move, ...]:
    if live.wanted == component.instances:
        return ()
    return (resized(component, live, live.wanted, component.instances),)


def _retired(component: Component, slot: Slot, *, drain: bool) -> tuple[Move, ...]:
    assert slot.version is not None
    stop = Stop(component=component.name, slot=slot.name, version=slot.version, instances=slot.wanted)
    if drain and component.port:
        return (Drain(component=component.name, slot=slot.name, seconds=component.drain_seconds), stop)
    return (stop,)


def _retired_unless_serving(component: Component, slot: Slot) -> tuple[Move, ...]:
    """Two versions of a component without traffic would share the work during the watch: the old one goes."""
    return () if component.port else _retired(component, slot, drain=False)


def _analysis(component: Component, slot: str, old: str, step: CanaryStep) -> Analyse:
    return Analyse(
        component=component.name,
        slot=slot,
        baseline=None if step.share == 100 else old,
        seconds=step.seconds,
        share=step.share,
    )


def _final_watches(
    environment: Environment, running: Mapping[str, Running], version: Version
) -> tuple[Move, ...]:
    """The monitoring period of every component with traffic, or of the first where none has any."""
    parts = [part for part in environment.components if part.port] or list(environment.components[:1])
    return tuple(
        Analyse(
            component=part.name,
            slot=destination(part, running.get(part.name, Running(component=part.name)), version),
            baseline=None,
            seconds=environment.monitoring.period,
            share=100 if part.port else 0,
            final=True,
        )
        for part in parts
        if environment.monitoring.period
    )
