"""The runbook planner: plans from the environment's settings alone, without any model."""

from __future__ import annotations

from dataclasses import dataclass

from agents.risk_assessor import Outlook, assess
from agents.situation import Situation
from orchestrate.models.abilities import chosen
from orchestrate.models.environment import Component, Environment, Strategy
from orchestrate.models.gate import Finding, GateResult
from orchestrate.models.move import Analyse, Irreversible, Migrate, Move, Scale, Start
from orchestrate.models.plan import Plan, PlannedMove, Shipped, one_way, planned
from orchestrate.models.runtime import Running
from orchestrate.models.thresholds import alerts_of
from orchestrate.policy import verification
from orchestrate.strategies import moves
from orchestrate.way_back import taken_back

RUNBOOK = "runbook"
_SWITCH = 1  # seconds that any move takes which starts nothing


@dataclass(frozen=True)
class RunbookPlanner:
    """Makes the same plan from the same situation, every time."""

    async def plan(self, situation: Situation) -> Plan:
        """Everything that will happen, why it is safe enough, and how it comes back."""
        environment, version = strategic(situation), situation.version
        running = {one.component: one for one in situation.running}
        lasting = one_way(situation.verdicts)
        taken = moves(environment, running, version, situation.files, lasting, situation.request.kind)
        steps = tuple(planned(move) for move in taken)
        ships = tuple(_shipped(part, environment, running, situation) for part in environment.components)
        risk, reasons = assess(Outlook(situation, ships, steps))
        change = situation.change
        return Plan(
            deployment=situation.deployment,
            kind=situation.request.kind,
            environment=environment.name,
            environment_type=environment.type,
            service=environment.service,
            task=situation.task.id if situation.task else situation.request.task,
            change=change.id if change else None,
            head=change.head if change else None,
            merge=situation.merge,
            version=version,
            signature=situation.signature,
            images=situation.images,
            ships=ships,
            moves=steps,
            checks=tuple(_passed(gate) for gate in situation.gates if gate.finding is Finding.PASS),
            verification=verification(environment),
            triggers=environment.triggers,
            monitoring=environment.monitoring,
            alerts=alerts_of(environment),
            migrations=situation.verdicts,
            overrides=situation.overrides,
            risk=risk,
            risk_reasons=reasons,
            success=_success(environment, situation, steps),
            rollback_seconds=_rollback_seconds(environment, steps, ships),
            settings_digest=situation.settings_digest,
            made_by=RUNBOOK,
        )


def strategic(situation: Situation) -> Environment:
    """The environment with the strategy that this deployment uses for each component."""
    environment = situation.environment

    def of(part: Component) -> Strategy:
        return chosen(part, environment, situation.request, situation.task)

    parts = tuple(part.model_copy(update={"strategy": of(part)}) for part in environment.components)
    return environment.model_copy(update={"components": parts})


def _shipped(
    part: Component, environment: Environment, running: dict[str, Running], situation: Situation
) -> Shipped:
    here = running.get(part.name)
    live = here.live if here else None
    return Shipped(
        component=part.name,
        strategy=environment.strategy_of(part),
        from_version=live.version if live else None,
        to_version=situation.version,
        proven=next((one for one in situation.proven if one.component == part.name), None),
        rehearsal=next((one for one in situation.rehearsals if one.component == part.name), None),
    )


def _passed(gate: GateResult) -> str:
    """Without the gate's sentence: it may hold numbers that change from minute to minute."""
    by = f", overridden by {gate.overridden_by}" if gate.overridden_by else ""
    return f"{gate.gate.replace('_', ' ')}{by}"


def _success(
    environment: Environment, situation: Situation, steps: tuple[PlannedMove, ...]
) -> tuple[str, ...]:
    name, triggers = situation.version.name, environment.triggers
    counts = ", ".join(f"{part.instances} × {part.name}" for part in environment.components)
    found = [
        f"{counts} run {name} and are healthy",
        f"{len(verification(environment))} of {len(verification(environment))} checks pass",
    ]
    if any(isinstance(step.move, Migrate) for step in steps):
        found.append("every migration is applied and found on the target")
    if any(isinstance(step.move, Analyse) for step in steps):
        found.append(
            f"to the end of every watch: server errors below {triggers.error_rate / 100:.2f} %, "
            f"p99 below {triggers.response_time_p99} ms, no other trigger, enough samples to tell"
        )
    return tuple(found)


def _rollback_seconds(
    environment: Environment, steps: tuple[PlannedMove, ...], ships: tuple[Shipped, ...]
) -> int:
    """The longest that the undos may take until the old version serves alone; checking it comes on top."""
    until = next((index for index, step in enumerate(steps) if _is_final(step.move)), len(steps))
    undos = [steps[index].undo for index in taken_back(steps[:until], ships)]
    return sum(_seconds(environment, undo) for undo in undos if not isinstance(undo, Irreversible))


def _is_final(move: Move) -> bool:
    return isinstance(move, Analyse) and move.final


def _seconds(environment: Environment, undo: Move) -> int:
    match undo:
        case Start():
            return environment.component(undo.component).health.start_seconds
        case Scale() if undo.instances > undo.was:
            return environment.component(undo.component).health.start_seconds
        case _:
            return _SWITCH
