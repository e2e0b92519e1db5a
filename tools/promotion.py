"""Promotion: which artifacts the environment before ran, where it verified the version that comes here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.effect import Effect, EffectState
from orchestrate.models.environment import Component, Environment
from orchestrate.models.gate import GateName
from orchestrate.models.proven import Proven, sameness
from orchestrate.models.runtime import Artifact
from orchestrate.store import Store
from tools.building import BUILD
from tools.place import Places


@dataclass(frozen=True)
class Promotion:
    """Reads from the store what a version was in the environment before."""

    store: Store
    places: Places

    def proven(self, here: Environment, request: Request, version: Version | None) -> tuple[Proven, ...]:
        """One for each component; () where no environment comes before, or it did not verify this version.

        A rollback goes to what ran here, and whoever overrides the promotion wants nothing compared.
        """
        name = before(self.store, here, request)
        is_free = any(one.gate is GateName.PROMOTION for one in request.overrides)
        if name is None or version is None or is_free or request.kind is Kind.ROLLBACK:
            return ()
        deployment = self.store.verified.who(name, here.service, version.tree)
        if deployment is None:
            return ()
        ran = {one.component: one for one in _built(self.store.effects.of(deployment))}
        earlier = {one.name: one for one in self.places(name).environment.components}
        return tuple(
            _proven(Proven(component=part.name, environment=name, deployment=deployment), part, earlier, ran)
            for part in here.components
        )


def before(store: Store, here: Environment, request: Request) -> str | None:
    """The environment that the settings name, or the one that this flow comes from."""
    if here.gates.promoted_from is not None or request.parent is None:
        return here.gates.promoted_from
    return store.deployments.deployment(request.parent).environment


def adopted(
    version: Version | None, proven: Sequence[Proven], artifacts: Mapping[str, Artifact] | None
) -> dict[str, Artifact]:
    """The artifacts that will run: those that are adopted from the environment before, and the others."""
    taken = [one for one in proven if version is not None and one.is_adopted_as(version)]
    others = {
        one.component: Artifact(
            component=one.component, version=version, digest=one.digest, location=one.location
        )
        for one in taken
        if version is not None
    }
    return {**(artifacts or {}), **others}


def _proven(bare: Proven, part: Component, there: dict[str, Component], ran: dict[str, Artifact]) -> Proven:
    artifact, earlier = ran.get(part.name), there.get(part.name)
    if artifact is None or earlier is None:
        return bare
    found = {"commit": artifact.version.commit, "digest": artifact.digest, "location": artifact.location}
    return bare.model_copy(update={**found, "sameness": sameness(artifact, earlier, part)})


def _built(effects: Iterable[Effect]) -> list[Artifact]:
    """What a deployment built or took, the newest last."""
    return [
        Artifact.model_validate_json(one.receipt)
        for one in effects
        if one.name == BUILD and one.state is EffectState.DONE and one.receipt is not None
    ]
