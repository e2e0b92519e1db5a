"""Known: what earlier watches measured of the version that serves, before a new one is compared with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orchestrate.analysis.before import LEAST
from orchestrate.analysis.calibration import prior
from orchestrate.analysis.power import foresight
from orchestrate.analysis.warmth import RELEASES, Beginning, learned
from orchestrate.analysis.words import count
from orchestrate.models.environment import CanaryStep, Component, Environment, Strategy, Triggers
from orchestrate.models.move import Analyse
from orchestrate.models.plan import Plan
from orchestrate.models.sample import Sample, Verdict
from orchestrate.models.watch import Prior, Watch
from orchestrate.store import Store
from orchestrate.store.watches import Served
from orchestrate.strategies import SLOTS

TEACHERS = 5
"""From so many of the last releases it is learned how long a new instance is cold."""

DAY = 86_400.0  # seconds; what is older is not what a version without an old one beside it is held against


def known_before(store: Store, deployment: str, environment: str, move: Analyse, now: float) -> Prior:
    """Of the version that `move`'s slot is compared with; of a final watch, the version that it replaced.

    From its own final watch, and from what this deployment's watches saw of it. A slot that has been served
    from before this watch is as warm as it was then.
    """
    of_now = [one for one in store.watches.of(deployment) if one.component == move.component]
    served = [one.opened_at for one in of_now if one.slot == move.slot and one.share > 0]
    other = move.baseline or next(slot for slot in SLOTS if slot != move.slot)
    last = store.watches.last_final(environment, move.component, other, now)
    is_told = last is not None and last.deployment != deployment and not last.is_bad
    of_before = [last] if last is not None and is_told and (move.baseline or last.until > now - DAY) else []
    known = _known(store, [*of_before, *(one for one in of_now if one.baseline == other)], other)
    first = next((one for one in of_now if one.share > 0), None)
    taught = _beginnings(store, deployment, environment, move.component, now) if first is None else ()
    warm_up = learned(taught) if first is None else first.prior.warm_up
    return known.model_copy(update={"warm_since": min(served, default=None), "warm_up": warm_up})


def _beginnings(
    store: Store, deployment: str, environment: str, component: str, now: float
) -> list[Beginning]:
    """How the last releases of the component that did well began; this `deployment` is none of them."""
    finals = store.watches.finals(environment, component, now, TEACHERS)
    good = [one for one in finals if one.judgement and one.judgement.verdict is Verdict.PASS]
    slots = {one.deployment: one.slot for one in good if one.deployment != deployment}
    served = store.watches.served([*slots], component) if len(slots) >= RELEASES else ()
    return [
        _beginning([one for one in served if (one.deployment, one.slot) == named]) for named in slots.items()
    ]


def _beginning(served: Sequence[Served]) -> Beginning:
    """Sums of neighbours are used though a reading is missing among them."""
    old = {(one.opened_at, one.sample.at): one.sample for one in served if one.sample.slot == one.baseline}
    paired = [
        (one.sample, old.get((one.opened_at, one.sample.at))) for one in served if one.sample.slot == one.slot
    ]
    return Beginning(min((one.opened_at for one in served), default=0.0), paired)


def compared(plan: Plan) -> frozenset[str]:
    """The components whose new version is compared with the old one beside it."""
    watched = (one.move for one in plan.moves if isinstance(one.move, Analyse))
    return frozenset(one.component for one in watched if one.baseline is not None)


def foreseen(store: Store, environment: Environment, only: Collection[str] | None = None) -> tuple[str, ...]:
    """What the watches of each component could see with the traffic of the hours before.

    `only` these are compared with an old version beside them; None: all whose strategy is a canary. It
    depends on the time, and is no part of a plan. Where nothing is known of the traffic, that is said.
    """
    told: list[str] = []
    for part in environment.components:
        is_canary = (part.strategy or environment.strategy) is Strategy.CANARY
        if not part.port:
            continue
        known, triggers = _usual(store, environment, part), environment.triggers
        if is_canary and triggers.comparison and (only is None or part.name in only):
            told += [f"{part.name}: {one}" for one in _foreseen(environment.canary, known, triggers)]
        else:
            told.append(f"{part.name}: {_alone(known, triggers)}")
    return tuple(told)


def _foreseen(steps: Sequence[CanaryStep], known: Prior, triggers: Triggers) -> list[str]:
    if not known.requests:
        return [
            "no traffic known: the canary will be judged only by the thresholds, and by what it shows against"
            f" the old version from {count(triggers.minimum_requests)} requests of each on; what that is"
            " cannot be said before"
        ]
    seen = [foresight(step, known, triggers) for step in steps]
    return [one.sentence for one in seen if one is not None]


def _alone(known: Prior, triggers: Triggers) -> str:
    """Where the new version is compared with none beside it."""
    if not triggers.comparison:
        return "the comparison is off: it will be judged only by the thresholds"
    if known.requests and known.seconds >= LEAST:
        return "no old version beside it: it will be judged by the thresholds, and against the hours before"
    return "no old version beside it, and no traffic known: it will be judged only by the thresholds"


def _usual(store: Store, environment: Environment, part: Component) -> Prior:
    """What the newest final watch of a component measured."""
    now = store.clock()
    last = [store.watches.last_final(environment.name, part.name, slot, now) for slot in SLOTS]
    newest = max((one for one in last if one), key=lambda one: one.opened_at, default=None)
    return _known(store, [newest], newest.slot) if newest else Prior()


def _known(store: Store, watches: Sequence[Watch], slot: str) -> Prior:
    """What these watches, the oldest first, measured of one slot."""
    seconds, found = 0.0, list[Sample]()
    for watch in watches:
        measured = [one for one in store.watches.samples(watch.id) if one.slot == slot]
        seconds += measured[-1].at - watch.opened_at if measured else 0.0
        found += measured
    return prior(found, max(0.0, seconds))
