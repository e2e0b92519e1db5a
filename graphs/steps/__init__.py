"""The steps: what happens at each stage; the graph says when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphs.steps.arrive import Arrive
from graphs.steps.ask import Ask
from graphs.steps.crew import Step
from graphs.steps.judging import Judging
from graphs.steps.leave import Leave
from graphs.steps.retreat import Retreat
from graphs.steps.ship import Ship
from orchestrate.models.deployment import Stage


@dataclass(frozen=True)
class Steps:
    """Every step of a deployment, by the part of the way it belongs to."""

    arrive: Arrive
    ask: Ask
    ship: Ship
    retreat: Retreat
    leave: Leave

    @property
    def by_stage(self) -> Mapping[Stage, Step]:
        """Each stage's step; the way back is a graph of its own."""
        return {
            Stage.PICK_UP: self.arrive.pick_up,
            Stage.GATES: self.arrive.gates,
            Stage.WAIT_FOR_CHECKS: self.ask.wait_for_checks,
            Stage.BLOCKED: self.arrive.blocked,
            Stage.PLAN: self.arrive.plan,
            Stage.APPROVAL: self.ask.approval,
            Stage.REMIND: self.arrive.remind,
            Stage.QUEUE: self.arrive.queue,
            Stage.WAIT_FOR_TURN: self.ask.wait_for_turn,
            Stage.MERGE: self.ship.merge,
            Stage.BUILD: self.ship.build,
            Stage.DEPLOY: self.ship.deploy,
            Stage.VERIFY: self.ship.verify,
            Stage.WATCH: self.ask.watch,
            Stage.JUDGE: Judging(self.ship.crew, self.ship.helm).judge,
            Stage.DECIDE: self.ask.decide,
            Stage.FINISH: self.leave.finish,
            Stage.TRIAGE: self.leave.triage,
            Stage.FIX_TASKS: self.leave.fix_tasks,
            Stage.CLOSE: self.leave.close,
        }
