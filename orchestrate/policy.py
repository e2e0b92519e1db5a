"""Policy: what every plan must keep to, whoever made it; one with a violation is never shown for approval."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestrate.backups import is_backed_up
from orchestrate.journey import Journey, canary, ending, weights_before
from orchestrate.models.abilities import inability
from orchestrate.models.environment import Component, Environment, EnvironmentType, Strategy
from orchestrate.models.gate import GateName
from orchestrate.models.move import (
    Analyse,
    Backup,
    Drain,
    Irreversible,
    Migrate,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
    undo_of,
    words,
)
from orchestrate.models.plan import Plan
from orchestrate.models.thresholds import alerts_of
from orchestrate.rehearsal import is_rehearsed
from orchestrate.strategies import BLUE, GREEN

SLOTS = frozenset({BLUE, GREEN})


def violations(plan: Plan, environment: Environment) -> tuple[str, ...]:
    """Everything about `plan` that breaks a rule, one sentence each; () is a plan that may be shown."""
    return tuple(dict.fromkeys(found for rule in RULES for found in rule(plan, environment)))


def verification(environment: Environment) -> tuple[str, ...]:
    """The health checks and smoke tests of every component, by name."""
    return tuple(name for part in environment.components for name in _checks(part))


def _checks(part: Component) -> list[str]:
    health = f"{part.name}: health {part.health.path}" if part.port else f"{part.name}: running"
    return [health, *(f"{part.name}: {smoke.name}" for smoke in part.smoke)]


def _place(plan: Plan, environment: Environment) -> Iterator[str]:
    planned = (plan.environment, plan.environment_type, plan.service)
    if planned != (environment.name, environment.type, environment.service):
        yield f"the plan is for {plan.service} in {plan.environment}, not for this environment"
    if plan.triggers != environment.triggers:
        yield "the rollback triggers are not the environment's"
    period = max(plan.monitoring.period, environment.monitoring.period)
    if plan.monitoring != environment.monitoring.model_copy(update={"period": period}):
        yield "the monitoring is laxer than the environment's, or another one"
    if plan.alerts != alerts_of(environment):
        yield "the alerts are not the environment's"
    missing = [name for name in verification(environment) if name not in plan.verification]
    if missing:
        yield f"not verified: {', '.join(missing)}"


def _ships(plan: Plan, environment: Environment) -> Iterator[str]:
    if [one.component for one in plan.ships] != [part.name for part in environment.components]:
        yield "what is shipped is not exactly the environment's components in their order"


def _abilities(plan: Plan, environment: Environment) -> Iterator[str]:
    strategies = {one.component: one.strategy for one in plan.ships}
    for part in environment.components:
        if part.name in strategies and (said := inability(part, strategies[part.name], environment.canary)):
            yield said


def _targets(plan: Plan, environment: Environment) -> Iterator[str]:
    names = {part.name for part in environment.components}
    for step in plan.moves:
        for move in (step.move, step.undo):
            if isinstance(move, Irreversible):
                continue
            if move.component not in names:
                yield f"{words(move)}: {environment.name} has no component {move.component}"
            for slot in sorted(slots(move) - SLOTS):
                yield f"{words(move)}: there is no slot {slot}"


def slots(move: Move) -> frozenset[str]:
    """The slots that `move` names."""
    match move:
        case SetTraffic():
            return frozenset({*move.weights, *move.was})
        case Analyse():
            return frozenset({move.slot, *([move.baseline] if move.baseline else ())})
        case Start() | Scale() | Drain() | Stop() | Verify():
            return frozenset({move.slot})
        case Backup() | Migrate():
            return frozenset()


def _undos(plan: Plan, _: Environment) -> Iterator[str]:
    for step in plan.moves:
        if step.undo != undo_of(step.move):
            yield f"{words(step.move)}: its undo is not what takes it back"


def _version(plan: Plan, environment: Environment) -> Iterator[str]:
    before = {one.component: one.from_version for one in plan.ships} if is_rehearsed(environment) else {}
    for shipped in plan.ships:
        if shipped.to_version != plan.version:
            yield f"{shipped.component}: ships {shipped.to_version.name}, not {plan.version.name}"
    for step in plan.moves:
        if isinstance(step.move, Verify) and step.move.version == before.get(step.move.component):
            continue
        if isinstance(step.move, Start | Migrate | Verify) and step.move.version != plan.version:
            yield f"{words(step.move)}: not the version of this plan"
    if plan.merge is not None and plan.merge.tree != plan.version.tree:
        yield "the merge gives another tree than the version that is deployed"
    if plan.merge is not None and (plan.merge.head, plan.merge.change) != (plan.head, plan.change):
        yield "the merge is of another change or head than the plan's"


def _journeys(plan: Plan, environment: Environment) -> Iterator[str]:
    for part in environment.components:
        moves = [step.move for step in plan.moves if step.move.component == part.name]
        shipped = next((one for one in plan.ships if one.component == part.name), None)
        strategy = shipped.strategy if shipped else environment.strategy_of(part)
        journey = Journey(part, strategy, plan.version, weights_before(moves))
        journey.is_watched = environment.monitoring.period == 0  # nobody waits for a period of no length
        yield from journey.walk(moves)
        yield from ending(part, shipped, moves)
        is_new = any(isinstance(move, Start) for move in moves)
        if strategy is Strategy.CANARY and part.port and is_new and weights_before(moves):
            yield from canary(part, environment.canary, moves)


def _backups(plan: Plan, environment: Environment) -> Iterator[str]:
    if not is_backed_up(environment, plan.kind, is_migrated=plan.has_migrations):
        return
    kinds = [isinstance(step.move, Backup) for step in plan.moves]
    first_change = kinds.index(False) if False in kinds else len(kinds)
    taken = {step.move.component for step in plan.moves[:first_change]}
    for part in environment.components:
        if part.database is not None and part.name not in taken:
            yield f"{part.name}: its database is not backed up before anything changes"
    if not taken:
        yield "the configuration is not backed up before anything changes"


def _migrations(plan: Plan, environment: Environment) -> Iterator[str]:
    verdicts = {(one.path, one.sha256): one.verdict for one in plan.migrations}
    applied = [file for step in plan.moves if isinstance(step.move, Migrate) for file in step.move.files]
    overridden = any(one.gate is GateName.MIGRATIONS for one in plan.overrides)
    for file in applied:
        verdict = verdicts.get((file.path, file.sha256))
        if verdict is None:
            yield f"{file.path}: nobody has looked at this text"
        elif verdict not in ("ok", "warn") and not overridden:
            yield f"{file.path}: is {verdict}, and nobody overrode that"
    left = set(verdicts) - {(file.path, file.sha256) for file in applied}
    yield from (f"{path}: is pending, and not applied" for path, _ in sorted(left))
    with_database = {part.name for part in environment.components if part.database is not None}
    for step in plan.moves:
        if isinstance(step.move, Migrate) and step.move.component not in with_database:
            yield f"{words(step.move)}: the component has no database"
    yield from _late_migrations(plan)


def _late_migrations(plan: Plan) -> Iterator[str]:
    started: set[str] = set()
    for step in plan.moves:
        if isinstance(step.move, Start):
            started.add(step.move.component)
        if isinstance(step.move, Migrate) and step.move.component in started:
            yield f"{words(step.move)}: the new version runs already"


def _watches(plan: Plan, environment: Environment) -> Iterator[str]:
    finals = [
        (index, step.move)
        for index, step in enumerate(plan.moves)
        if isinstance(step.move, Analyse) and step.move.final
    ]
    for _, move in finals:
        if move.seconds < environment.monitoring.period:
            yield f"{words(move)}: shorter than the monitoring period"
    if environment.type is not EnvironmentType.PRODUCTION:
        return
    parts = [part for part in environment.components if part.port] or environment.components[:1]
    for part in parts:
        moved = [i for i, step in enumerate(plan.moves) if _brings(step.move, part.name)]
        if not any(move.component == part.name and index > max(moved, default=-1) for index, move in finals):
            yield f"{part.name}: production is not watched after the last traffic move"


def _brings(move: Move, component: str) -> bool:
    return isinstance(move, SetTraffic | Start) and move.component == component


def _overrides(plan: Plan, _: Environment) -> Iterator[str]:
    for override in plan.overrides:
        if not override.by.strip() or not override.reason.strip():
            yield f"{override.gate} is overridden without a name or a reason"


RULES: tuple[Callable[[Plan, Environment], Iterator[str]], ...] = (
    _place,
    _ships,
    _abilities,
    _targets,
    _undos,
    _version,
    _journeys,
    _backups,
    _migrations,
    _watches,
    _overrides,
)
