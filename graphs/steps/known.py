"""Known: what earlier watches measured of the version that serves, before a new one is compared with it."""

from __future__ import annotations

from orchestrate.analysis.calibration import prior
from orchestrate.models.move import Analyse
from orchestrate.models.sample import Sample
from orchestrate.models.watch import Prior, Watch
from orchestrate.store import Store
from orchestrate.strategies import SLOTS

HOURS = 3600.0  # seconds of the newest samples that are looked at
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
    of_before = [last] if last is not None and last.deployment != deployment else []
    found = [sample for watch in (*of_before, *of_now) for sample in _of(store, watch, other)]
    newest = sorted(found, key=lambda sample: sample.at)
    oldest = 0.0 if move.baseline else now - DAY
    known = prior(one for one in newest if one.at > max(oldest, newest[-1].at - HOURS))
    return known.model_copy(update={"warm_since": min(served, default=None)})


def _of(store: Store, watch: Watch, slot: str) -> list[Sample]:
    """The samples of one slot; those after a verdict against it say nothing about what is usual."""
    if watch.slot == slot and watch.is_bad:
        return []
    return [one for one in store.watches.samples(watch.id) if one.slot == slot]
