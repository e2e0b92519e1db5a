"""Rehearsed: whether the way back was tried in the environment before, and what stands against that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment, EnvironmentType, Strategy
from orchestrate.models.fact import Fact


class Trial(StrEnum):
    """What is known of the way back in the environment before."""

    DONE = "done"
    FAILED = "failed"
    MISSING = "missing"  # it was possible there, and nobody tried it
    OFF = "off"  # somebody chose there not to
    IMPOSSIBLE = "impossible"
    UNTOLD = "untold"  # what ran there is no longer known


SAYS: Mapping[Trial, str] = {
    Trial.DONE: "was rehearsed in",
    Trial.FAILED: "did not work in",
    Trial.MISSING: "was not rehearsed in",
    Trial.OFF: "is not rehearsed in",
    Trial.IMPOSSIBLE: "cannot be rehearsed in",
    Trial.UNTOLD: "is not known to be rehearsed in",
}


class Rehearsal(Fact):
    """Whether one component's way back from this version was tried in the environment before."""

    component: str
    environment: str
    trial: Trial
    deployment: str = ""  # the one there that tells it
    version: Version | None = None  # done: what it went back to
    why: str = ""  # of all but a done one

    @property
    def stands_against(self) -> bool:
        """Whether production is not ready with this; what is not known counts as not done."""
        return self.trial in (Trial.FAILED, Trial.MISSING, Trial.UNTOLD)

    def words(self, live: Version | None) -> str:
        """What was tried, against what is live here; None: nothing is."""
        why = f": {self.why}" if self.why else ""
        return f"{self.component}: {self._tried(live)}{why}"

    def _tried(self, live: Version | None) -> str:
        if live is None:
            return "nothing to go back to"
        if self.version is None:
            return f"the way back {SAYS[self.trial]} {self.environment}"
        if self.version.tree == live.tree:
            return f"the way back to {live.name} was rehearsed in {self.environment}"
        return f"{self.environment} rehearsed the way back to {self.version.name}, and not to {live.name}"


def cannot(component: Component, strategy: Strategy, one_way: Sequence[str] = ()) -> str:
    """Why the way back of a component cannot be rehearsed before its deployment ends; '' when it can.

    `one_way` are the migrations after which the version before may not run.
    """
    if not component.port:
        return "it takes no traffic"
    if strategy is Strategy.RECREATE:
        return "recreate has stopped the version before by then"
    if not abilities_of(component).does(Ability.SLOTS):
        return f"{component.provider} runs one version at a time"
    return f"{', '.join(one_way)} cannot be undone" if one_way else ""


def expected(environment: Environment, others: Iterable[Environment]) -> Environment:
    """With `rehearse_rollback` where it is left out: on where a production of `others` follows (R5)."""
    is_left_out = environment.rehearse_rollback is None and environment.type is not EnvironmentType.PRODUCTION
    is_on = is_left_out and any(
        one.type is EnvironmentType.PRODUCTION and one.gates.promoted_from == environment.name
        for one in others
    )
    return environment.model_copy(update={"rehearse_rollback": True}) if is_on else environment
