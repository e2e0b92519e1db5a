"""Abilities: what each provider can do with a component, declared; what it lacks is refused beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import CanaryStep, Component, Environment, Strategy
from orchestrate.models.fact import Fact
from orchestrate.models.replicas import enough_for, newcomers, shares_of
from orchestrate.models.task import Task


class Ability(StrEnum):
    """One thing that a provider may be able to do, in words that finish: it …"""

    SLOTS = "runs two versions at the same time"
    SHARES = "gives any share of the traffic to a version"
    SCALE = "changes the number of instances"
    BUILD = "builds a version from the repository"
    DIGEST = "runs exactly the artifact of a digest"
    LOGS = "shows what instances wrote"
    RESTARTS = "tells how often an instance ended"
    USAGE = "tells what an instance takes of CPU and memory"
    RESOURCES = "tells how full the place is"
    TENDS = "has what should run brought back"


class Abilities(Fact):
    """What a provider can do with one component; what is not named here, it cannot."""

    strategies: tuple[Strategy, ...]
    can: frozenset[Ability]
    why: str = ""  # what the missing strategies would need

    def does(self, *abilities: Ability) -> bool:
        return self.can.issuperset(abilities)


EVERYTHING = Abilities(strategies=tuple(Strategy), can=frozenset(Ability))


def _process(part: Component) -> Abilities:
    lacks = {Ability.DIGEST} if part.run or part.build else {Ability.DIGEST, Ability.BUILD}
    return EVERYTHING.model_copy(update={"can": EVERYTHING.can - lacks})


def _docker(part: Component) -> Abilities:
    is_built_elsewhere = part.docker is not None and part.docker.image
    lacks = {Ability.BUILD} if is_built_elsewhere else set[Ability]()
    return EVERYTHING.model_copy(update={"can": EVERYTHING.can - lacks})


def _kubernetes(part: Component) -> Abilities:
    if part.kubernetes is not None and part.kubernetes.owner:
        can = {Ability.DIGEST, Ability.LOGS, Ability.RESTARTS, Ability.RESOURCES, Ability.TENDS}
        why = f"the pods and the steps are those of {part.kubernetes.owner}"
        return Abilities(strategies=(Strategy.ROLLING,), can=frozenset(can), why=why)
    lacks = {Ability.BUILD}
    if part.kubernetes is not None and part.kubernetes.has_router:
        return EVERYTHING.model_copy(update={"can": EVERYTHING.can - lacks})
    return EVERYTHING.model_copy(update={"can": EVERYTHING.can - lacks - {Ability.SHARES}})


def _compose(_: Component) -> Abilities:
    return EVERYTHING


def _custom(part: Component) -> Abilities:
    own = part.custom
    if own is None:
        return Abilities(strategies=(Strategy.RECREATE,), can=frozenset())
    can = {Ability.SCALE, Ability.RESTARTS, Ability.USAGE}  # as `status` tells
    can |= {Ability.SLOTS, Ability.SHARES} if own.traffic else set[Ability]()
    can |= {Ability.BUILD} if own.build or not own.artifact else set[Ability]()
    can |= {Ability.DIGEST} if own.artifact else set[Ability]()
    can |= {Ability.LOGS} if own.logs else set[Ability]()
    strategies = tuple(Strategy) if own.traffic else (Strategy.RECREATE,)
    return Abilities(strategies=strategies, can=frozenset(can), why="it has no `traffic` command")


def _ecs(_: Component) -> Abilities:
    lacks = {Ability.BUILD, Ability.USAGE, Ability.RESOURCES, Ability.RESTARTS}
    return EVERYTHING.model_copy(update={"can": EVERYTHING.can - lacks})


def _cloudrun(_: Component) -> Abilities:
    can = {Ability.SLOTS, Ability.SHARES, Ability.SCALE, Ability.DIGEST, Ability.LOGS}
    why = "a service always gives its traffic to a revision, and has as many instances as it needs"
    return Abilities(strategies=(Strategy.BLUE_GREEN, Strategy.CANARY), can=frozenset(can), why=why)


def _awslambda(_: Component) -> Abilities:
    can = frozenset({Ability.SLOTS, Ability.SHARES, Ability.DIGEST, Ability.LOGS, Ability.TENDS})
    some = (Strategy.BLUE_GREEN, Strategy.CANARY)
    return Abilities(strategies=some, can=can, why="a function has no instances")


def _published(_: Component) -> Abilities:
    why = "production points to one build, always"
    return Abilities(
        strategies=(Strategy.BLUE_GREEN,), can=frozenset({Ability.SLOTS, Ability.BUILD}), why=why
    )


def _vercel(part: Component) -> Abilities:
    able = _published(part)
    return able.model_copy(update={"can": able.can | {Ability.LOGS}})


def _cloudfront(_: Component) -> Abilities:
    can = frozenset({Ability.SLOTS, Ability.BUILD, Ability.DIGEST})
    why = "a distribution shows one version, always"
    return Abilities(strategies=(Strategy.BLUE_GREEN,), can=can, why=why)


def _containerapps(_: Component) -> Abilities:
    can = {Ability.SLOTS, Ability.SHARES, Ability.SCALE, Ability.DIGEST, Ability.RESTARTS, Ability.LOGS}
    why = "an app always gives its traffic to a revision, and has as many replicas as it needs"
    return Abilities(strategies=(Strategy.BLUE_GREEN, Strategy.CANARY), can=frozenset(can), why=why)


def _digitalocean(_: Component) -> Abilities:
    can = frozenset({Ability.SCALE, Ability.DIGEST, Ability.LOGS})
    why = "an app runs one version, which App Platform replaces when the next one is well"
    return Abilities(strategies=(Strategy.ROLLING,), can=can, why=why)


def _railway(_: Component) -> Abilities:
    why = "a service gives its domain to one deployment, which Railway replaces when the next one is well"
    can = frozenset({Ability.DIGEST, Ability.LOGS})
    return Abilities(strategies=(Strategy.ROLLING,), can=can, why=why)


DECLARED: Mapping[str, Callable[[Component], Abilities]] = {
    "process": _process,
    "docker": _docker,
    "kubernetes": _kubernetes,
    "compose": _compose,
    "custom": _custom,
    "ecs": _ecs,
    "awslambda": _awslambda,
    "cloudrun": _cloudrun,
    "vercel": _vercel,
    "netlify": _published,
    "cloudfront": _cloudfront,
    "containerapps": _containerapps,
    "digitalocean": _digitalocean,
    "railway": _railway,
}
"""Each provider by its name in orchestrate.yaml. The conformance kit holds it to what is declared here."""


def abilities_of(component: Component) -> Abilities:
    """What the component's provider can do with it."""
    return DECLARED[component.provider](component)


def inability(component: Component, strategy: Strategy, steps: Sequence[CanaryStep] = ()) -> str:
    """Why the component cannot be deployed by `strategy`, and what can be asked instead; '' when it can.

    `steps` are those of a canary: where shares are given by the number of instances, each must come out even.
    """
    able = abilities_of(component)
    if strategy in able.strategies:
        is_counted = strategy is Strategy.CANARY and component.port and not able.does(Ability.SHARES)
        return _uneven(component, steps) if is_counted else ""
    why = f" ({able.why})" if able.why else ""
    others = " or ".join(able.strategies)
    return f"{component.name}: the provider {component.provider} cannot do {strategy}{why}; use {others}"


def _uneven(component: Component, steps: Sequence[CanaryStep]) -> str:
    """Which share so many instances cannot give, what they can, and how many would do."""
    odd = next((one.share for one in steps if newcomers(one.share, component.instances) is None), None)
    if odd is None:
        return ""
    can = ", ".join(str(share) for share in shares_of(component.instances))
    return (
        f"{component.name}: {component.instances} instances cannot give {odd} % of the traffic, each gets as "
        f"much as any other: they give {can} %; ask for such shares, for a multiple of {enough_for(odd)} "
        "instances, or name a router that gives any share"
    )


def chosen(part: Component, environment: Environment, request: Request, task: Task | None) -> Strategy:
    """How this deployment brings the component in.

    A rollback goes back by traffic where that is possible; else the request decides, then the task, then
    the settings.
    """
    usual = environment.strategy_of(part)
    if request.kind is Kind.ROLLBACK and part.port:
        return usual if inability(part, Strategy.BLUE_GREEN) else Strategy.BLUE_GREEN
    asked = request.strategy or (task.metadata.strategy if task else None)
    return Strategy(asked) if asked in tuple(Strategy) else usual
