"""Allowance: what a new instance is allowed while it is cold, and who says so."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrate.analysis.evidence import Tolerance, as_before, warming
from orchestrate.analysis.words import span
from orchestrate.models.environment import Triggers
from orchestrate.models.watch import WARM_UP_STEP, WarmUp, Watch

USUAL = 90  # seconds, where nothing was declared nor learned
FADING = 3  # parts of the warm-up: in each the tolerated surplus of errors falls to a third


@dataclass(frozen=True, slots=True)
class Allowance:
    """For how many seconds, as declared, as learned from releases before, or as usual."""

    seconds: float
    since: float  # epoch seconds: when the new slot began to serve
    is_declared: bool
    learned: WarmUp | None

    @property
    def words(self) -> str:
        """`allowing for a cold start of 2 min (learned from the last 3 releases)`."""
        why = "declared" if self.is_declared else "neither declared nor learned"
        if self.learned is not None:
            why = f"learned from the last {self.learned.releases} releases"
        what = f"a cold start of {span(self.seconds)}" if self.seconds else "no cold start"
        return f"allowing for {what} ({why})"

    @property
    def numbers(self) -> dict[str, float]:
        releases = {"warm_up_releases": float(self.learned.releases)} if self.learned else {}
        return {"warm_up": self.seconds, **releases}

    def applied(self, watch: Watch, plain: Tolerance) -> tuple[Tolerance, float]:
        """What is tolerated when, and from when on latency is judged.

        What was declared, or is usual, is no more than a part of the watch; what was learned lasts as it did.
        """
        usual = plain(self.since)
        if self.learned is not None:
            first = self.since + watch.interval  # an interval is as cold as its beginning
            return as_before(first, WARM_UP_STEP, self.learned.times, usual), self.since + self.seconds
        if not self.seconds:
            return plain, watch.opened_at
        length = max(1.0, watch.until - watch.opened_at)
        fading = max(1.0, min(self.seconds / FADING, length / 12))
        return warming(self.since, fading, plain=usual), self.since + min(self.seconds, length / 4)


def allowance(watch: Watch, triggers: Triggers) -> Allowance:
    """What was declared wins; else what was learned; else what is usual."""
    since = watch.opened_at if watch.prior.warm_since is None else watch.prior.warm_since
    if triggers.warm_up is not None:
        return Allowance(triggers.warm_up, since, is_declared=True, learned=None)
    if watch.prior.warm_up is not None:
        return Allowance(watch.prior.warm_up.seconds, since, is_declared=False, learned=watch.prior.warm_up)
    return Allowance(USUAL, since, is_declared=False, learned=None)
