"""Rule: the shares of traffic, as weights of a load balancer's rule between two target groups."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from orchestrate.errors import NameTaken, ObjectMissing, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.aws import Ecs
from orchestrate.models.move import Weights
from tools.providers.ecs.shapes import Described
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

LOOKS = 10  # how often the rule is read until it shows what it was told


class Rule:
    """One rule of a listener; only the weights of our two groups are ever changed."""

    def __init__(self, account: Account, own: Ecs, again: float) -> None:
        assert own.target_groups is not None
        self._account, self._own, self._again = account, own, again
        self._groups = {"blue": own.target_groups.blue, "green": own.target_groups.green}

    async def weights(self) -> Weights:
        """Percent of each slot that has any; {} where all weights are 0."""
        return percent(self._told(await self._actions()))

    async def share(self, weights: Weights) -> None:
        """Give each slot its share, and return when the rule shows it.

        Raises NameTaken: somebody else changes the rule; ObjectMissing: there is no such rule; Unreachable:
        no answer came, and the rule does not show it.
        """
        actions = await self._actions()
        before = percent(self._told(actions))
        if before == weights:
            return
        changed = [self._changed(one, weights) if _forwards(one) else one for one in actions]
        lost = await self._told_to(changed)
        found = await self._shown(before)
        if found == before:
            said = f"{self._own.rule} still shows {before} after it was told {weights}"
            raise lost or OutsideFailed(said, cure="see what ELB says of the rule, and deploy again")
        if found != weights:
            said = f"{self._own.rule} shows {found}, told was {weights}: somebody else changed its weights"
            raise NameTaken(said, cure="let one of the two change them, and deploy again")

    async def _told_to(self, actions: list[Json]) -> Unreachable | None:
        """Ask once; what came instead of an answer: then the rule alone can tell. Raises RateLimited."""
        try:
            await self._account.ask(Call.MODIFY_RULE, RuleArn=self._own.rule, Actions=actions)
        except RateLimited:
            raise
        except Unreachable as lost:
            return lost
        return None

    async def _shown(self, before: Weights) -> Weights:
        """What the rule shows as soon as that is something else, or after some looks."""
        for _ in range(LOOKS):
            if (found := await self.weights()) != before:
                return found
            await asyncio.sleep(self._again)
        return before

    async def targets(self, slot: str) -> dict[str, tuple[bool, str]]:
        """Address of each target of a slot's group → whether it is well, and why not."""
        told = await self._account.ask(Call.HEALTH, TargetGroupArn=self._groups[slot])
        found = [
            Described.model_validate(one) for one in cast("list[Json]", told["TargetHealthDescriptions"])
        ]
        return {one.target.id: (one.target_health.state == "healthy", _why(one)) for one in found}

    def group(self, slot: str) -> str:
        return self._groups[slot]

    async def _actions(self) -> list[Json]:
        told = await self._account.ask(Call.RULES, RuleArns=[self._own.rule])
        rules = cast("list[dict[str, list[Json]]]", told.get("Rules", []))
        if not rules:
            raise ObjectMissing(f"there is no rule {self._own.rule}", cure="correct `rule` in the settings")
        return rules[0]["Actions"]

    def _told(self, actions: list[Json]) -> Mapping[str, int]:
        """Slot → weight, as the rule has it. Raises NameTaken where it forwards to somebody else."""
        slots = {arn: slot for slot, arn in self._groups.items()}
        found = {arn: weight for one in actions if _forwards(one) for arn, weight in _groups(one).items()}
        others = sorted(arn for arn, weight in found.items() if arn not in slots and weight)
        if others:
            said = f"{self._own.rule} forwards to {', '.join(others)} too"
            raise NameTaken(said, cure="let it forward to the two target groups of the settings alone")
        if not any(_forwards(one) for one in actions):
            raise NameTaken(f"{self._own.rule} forwards nowhere", cure="name a rule that forwards")
        return {slots[arn]: weight for arn, weight in found.items() if arn in slots}

    def _changed(self, action: Json, weights: Weights) -> Json:
        """The action with other weights; all else of it, such as stickiness, stays."""
        config = cast("Json", action.get("ForwardConfig") or {})
        groups = [
            {"TargetGroupArn": arn, "Weight": weights.get(slot, 0)} for slot, arn in self._groups.items()
        ]
        kept = {key: value for key, value in action.items() if key != "TargetGroupArn"}
        return {**kept, "ForwardConfig": {**config, "TargetGroups": groups}}


def percent(weights: Mapping[str, int]) -> Weights:
    """Shares that add up to 100; the largest takes what rounding leaves."""
    total = sum(weights.values())
    some = {slot: weight * 100 // total for slot, weight in weights.items() if weight} if total else {}
    if some:
        largest = max(some, key=lambda slot: (weights[slot], slot))
        some[largest] += 100 - sum(some.values())
    return some


def _forwards(action: Json) -> bool:
    return action.get("Type") == "forward"


def _groups(action: Json) -> dict[str, int]:
    config = cast("Json", action.get("ForwardConfig") or {})
    groups = cast("list[Json]", config.get("TargetGroups") or [])
    if not groups:
        return {str(action["TargetGroupArn"]): 1}
    return {str(one["TargetGroupArn"]): int(cast("int", one.get("Weight", 1))) for one in groups}


def _why(one: Described) -> str:
    return " ".join(word for word in (one.target_health.state, one.target_health.description) if word)
