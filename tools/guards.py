"""The guards at the door: what is checked before every effect, by its class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import BaseModel

from orchestrate.errors import EffectRefused, EffectsStopped, LeaseLost
from orchestrate.gates.rules import frozen_by, instant
from orchestrate.models.change import MergeOrder
from orchestrate.models.conflict import ResolveOrder
from orchestrate.models.deployment import DecisionKind, Kind
from orchestrate.models.effect import Effect, EffectState
from orchestrate.models.environment import Environment
from orchestrate.models.gate import GateName
from orchestrate.models.learning import Learning, Reservation
from orchestrate.models.move import Analyse, Verify
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.task import NewTask
from orchestrate.models.windows import CalledFreeze, Freeze
from orchestrate.store import Store
from tools.building import BuildOrder, ordered
from tools.desk import Blocked, Closed, Moved, Said
from tools.destroying import DestroyOrder
from tools.executor import EffectClass, Errand, Guard, is_change_of
from tools.hearing import Hearing
from tools.image_signatures import ImageSignatures, MemoryImageSignatures
from tools.moves import MOVE, UNDO, PlacedMove
from tools.posting import Edit, Post
from tools.queueing import LeaveOrder
from tools.reverting import RevertOrder
from tools.showing import Shown
from tools.signatures import Signatures

NOTES = (
    Said,
    NewTask,
    Moved,
    Closed,
    Blocked,
    RevertOrder,
    LeaveOrder,
    ResolveOrder,
    DestroyOrder,
    Shown,
    Learning,
    Reservation,
    Post,
    Edit,
)
"""What every note is about; anything else needs an approved plan."""


@dataclass(frozen=True)
class Guards:
    """Says no when the lease, the plan, the approval, the calendar or the settings do not agree."""

    store: Store
    environment: Callable[[str], Environment]
    settings_digest: Callable[[str], str]
    hearing: Hearing
    signatures: Signatures
    images: ImageSignatures = field(default_factory=MemoryImageSignatures)

    @property
    def by_class(self) -> Mapping[EffectClass, tuple[Guard, ...]]:
        """Which guards stand before which class of effects. An undo is stopped by as little as possible."""
        return {
            EffectClass.NOTE: (self.lease_is_current, self.is_a_note, self.effects_may_begin),
            EffectClass.CHANGE: (
                self.lease_is_current,
                self.effects_may_begin,
                self.stands_in_the_plan,
                self.comes_in_its_turn,
                self.settings_are_unchanged,
                self.signature_still_holds,
                self.image_keys_still_hold,
                self.environment_is_ours,
                self.nothing_is_frozen,
                self.plan_is_approved,
            ),
            EffectClass.UNDO: (
                self.lease_is_current,
                self.undos_may_begin,
                self.undo_stands_in_the_plan,
                self.something_was_begun,
            ),
        }

    async def lease_is_current(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Another worker may have taken over while this one slept."""
        if not self.store.leases.is_current(at.lease):
            raise LeaseLost(at.deployment, at.lease.token)

    async def is_a_note(self, at: Errand, args: BaseModel) -> None:
        """Only what is known to change nothing that serves people goes without a plan."""
        if not isinstance(args, NOTES):
            raise EffectRefused(at.stage, f"{type(args).__name__} is no note, whatever it is called")

    async def effects_may_begin(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Nobody stopped them; a rollback that a person asked for takes something back, as an undo does."""
        stop = self.store.switch.stopped()
        if stop is not None and (stop.everything or not self._is_rollback(at)):
            raise EffectsStopped(stop.words)

    async def undos_may_begin(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Nobody stopped everything."""
        stop = self.store.switch.stopped()
        if stop is not None and stop.everything:
            raise EffectsStopped(stop.words)

    async def stands_in_the_plan(self, at: Errand, args: BaseModel) -> None:
        """Only what the approved plan names, with the arguments it names; the stored plan is hashed again."""
        plan = self._read(at)
        match args:
            case PlacedMove(index=index, move=move):
                stands = index < len(plan.moves) and plan.moves[index].move == move
            case MergeOrder():
                stands = plan.merge == args
            case BuildOrder(component=name):
                stands = any(args == ordered(plan, one) for one in plan.ships if one.component == name)
            case _:
                stands = False
        if not stands:
            raise EffectRefused(at.stage, "the approved plan does not say this")

    async def comes_in_its_turn(self, at: Errand, args: BaseModel) -> None:
        """The moves before it were made, and nothing was taken back since."""
        known = self.store.effects.of(at.deployment)
        if any(effect.name == UNDO for effect in known):
            raise EffectRefused(at.stage, "what was begun is being taken back")
        if not isinstance(args, PlacedMove):
            return
        made = {_index(effect) for effect in known if _is_made(effect) and is_change_of(effect, at)}
        for index, step in enumerate(self._plan(at).moves[: args.index]):
            if index not in made and not isinstance(step.move, Verify | Analyse):
                raise EffectRefused(at.stage, f"move {index} comes before move {args.index}")

    async def undo_stands_in_the_plan(self, at: Errand, args: BaseModel) -> None:
        """Only undos that the plan showed; the stored plan is hashed again."""
        plan = self._read(at)
        if not isinstance(args, PlacedMove) or args.index >= len(plan.moves):
            raise EffectRefused(at.stage, "the plan has no such undo")
        if plan.moves[args.index].undo != args.move:
            raise EffectRefused(at.stage, "the plan has another undo for this move")

    async def something_was_begun(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """There is nothing to take back before the first change, which only an approval lets through."""
        if not any(is_change_of(effect, at) for effect in self.store.effects.of(at.deployment)):
            raise EffectRefused(at.stage, "nothing was begun under this plan")

    async def settings_are_unchanged(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """The environment is configured as it was when the plan was made."""
        plan = self._plan(at)
        if self.settings_digest(plan.environment) != plan.settings_digest:
            raise EffectRefused(at.stage, "the environment's settings changed after the plan was made")

    async def signature_still_holds(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Where a signature is demanded, the one in the plan is still there, and its signer still allowed.

        Others may join the list half-way; a key that was struck off it stops what it vouched for.
        """
        plan = self._plan(at)
        signers = self.environment(plan.environment).artifact.signed_by
        if signers is None or self._is_rollback(at):
            return
        if plan.signature is None:
            raise EffectRefused(at.stage, "a signature is demanded, and the plan names none")
        found = await self.signatures.of(plan.version, signers)
        if not found.is_good or (found.commit, found.key) != (plan.signature.commit, plan.signature.key):
            raise EffectRefused(at.stage, f"the signature no longer holds: {found.words}")

    async def image_keys_still_hold(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Where signed images are demanded, the keys in the plan are still allowed."""
        plan = self._plan(at)
        keys = self.environment(plan.environment).artifact.image_signed_by
        if keys is None or self._is_rollback(at):
            return
        allowed = await self.images.allowed(keys)
        others = [one.component for one in plan.images if not one.is_good or one.key not in allowed]
        if others or not plan.images:
            raise EffectRefused(
                at.stage, f"no allowed key signed the image of {', '.join(others) or 'anything'}"
            )

    async def environment_is_ours(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """One deployment at a time."""
        plan = self._plan(at)
        holder = self.store.locks.holder(plan.environment, plan.service)
        if holder != at.deployment:
            raise EffectRefused(at.stage, f"the environment is held by {holder or 'nobody'}")

    async def nothing_is_frozen(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """A freeze stops changes, also those that were approved before."""
        plan, now = self._plan(at), datetime.fromtimestamp(self.store.clock(), UTC)
        called = self.store.freezes.now(plan.environment, plan.service)
        freeze = frozen_by(self.environment(plan.environment), now, called)
        if freeze is None or self._is_rollback(at) or self._goes_on(at, plan, freeze):
            return
        if not self._is_overridden(at, plan, freeze):
            raise EffectRefused(at.stage, freeze.sentence)

    async def plan_is_approved(self, at: Errand, args: BaseModel) -> None:  # noqa: ARG002
        """Where people are asked, those allowed said yes to exactly this plan, in time, and it stands."""
        plan = self._plan(at)
        environment = self.environment(plan.environment)
        is_asked = environment.asks_a_person or plan.approval is not None
        if not is_asked or self._needs_no_second(at, environment):
            return
        for question in self.store.questions.for_deployment(at.deployment):
            said = question.decision
            if question.plan_hash != at.plan_hash or not question.asks_approval or said is None:
                continue
            if said.kind is not DecisionKind.APPROVED or said.plan_hash != at.plan_hash:
                raise EffectRefused(at.stage, f"{said.by} said {said.kind}")
            if question.consumed_at is not None:
                return
            if question.closed is None and self.store.clock() < question.expires:
                await self._use(question, plan, at)
                return
        raise EffectRefused(at.stage, "nobody approved this plan, or the approval is no longer valid")

    async def _use(self, question: Question, plan: Plan, at: Errand) -> None:
        """Use the approval, once it was read anew from where it was given."""
        missing = (plan.approval.persons if plan.approval else 1) - len(question.approved_by)
        if missing > 0:
            raise EffectRefused(at.stage, f"{missing} more persons must approve")
        if objection := await self.hearing.objection(question):
            raise EffectRefused(at.stage, objection)
        self.store.questions.consume(question.id, at.lease)

    def _read(self, at: Errand) -> Plan:
        plan = self.store.plans.plan(self._hash(at))
        if plan.deployment != at.deployment:
            raise EffectRefused(at.stage, f"the plan is that of deployment {plan.deployment}")
        return plan

    def _plan(self, at: Errand) -> Plan:
        return self.store.plans.proven(self._hash(at))

    def _hash(self, at: Errand) -> str:
        if at.plan_hash is None:
            raise EffectRefused(at.stage, "there is no plan")
        return at.plan_hash

    def _goes_on(self, at: Errand, plan: Plan, freeze: Freeze) -> bool:
        """Whether a person who was asked because of this freeze said to go on half-way."""
        since = instant(freeze.start).timestamp()
        return any(
            one.gate_kind.startswith("go_on/")
            and one.plan_hash == at.plan_hash
            and one.opened_at >= since
            and one.decision is not None
            and one.decision.kind is DecisionKind.APPROVED
            and not isinstance(plan.moves[int(one.gate_kind.split("/")[1])].move, Analyse)
            for one in self.store.questions.for_deployment(at.deployment)
        )

    def _is_overridden(self, at: Errand, plan: Plan, freeze: Freeze) -> bool:
        """Whether somebody passed the gate on their word; not one who did not know of a later freeze."""
        began = self.store.deployments.deployment(at.deployment).created_at.timestamp()
        is_later = isinstance(freeze, CalledFreeze) and instant(freeze.start).timestamp() > began
        return not is_later and any(one.gate is GateName.WINDOW for one in plan.overrides)

    def _is_rollback(self, at: Errand) -> bool:
        return self.store.deployments.deployment(at.deployment).request.kind is Kind.ROLLBACK

    def _needs_no_second(self, at: Errand, environment: Environment) -> bool:
        request = self.store.deployments.deployment(at.deployment).request
        return request.kind is Kind.ROLLBACK and request.requested_by in environment.approvers


def _is_made(effect: Effect) -> bool:
    return effect.name == MOVE and effect.state is EffectState.DONE


def _index(move: Effect) -> int:
    """Its place in the plan, which is the last word of its key but one: the plan's hash is the last."""
    return int(move.key.split("/")[-2])
