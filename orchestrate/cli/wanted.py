"""Wanted: what the options of a command ask for, turned into a request that names what exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from orchestrate.app import App
from orchestrate.cli.identity import Identity
from orchestrate.counter.naming import environment_named, known_change, known_task, known_version
from orchestrate.gates import OVERRIDABLE
from orchestrate.models.deployment import Request
from orchestrate.models.environment import Environment, Strategy
from orchestrate.models.gate import GateName, Override


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody typed."""

    environment: str
    version: str | None = None
    change: str | None = None
    task: str | None = None
    strategy: str | None = None
    overrides: Sequence[str] = ()
    wait: bool = True

    async def request(self, app: App, who: Identity) -> Request:
        """The request. Raises NotFound, naming what is known, and NotAllowed for an override."""
        self._check_one()
        environment = environment_named(app.settings, app.store, self.environment)
        asked = Request(
            environment=environment.name,
            strategy=strategy_named(self.strategy),
            overrides=self._overrides(who, environment),
            wait=self.wait,
            requested_by=who.name,
        )
        return asked.model_copy(update=await self._shipped(app))

    def _check_one(self) -> None:
        if sum(1 for one in (self.version, self.change, self.task) if one) > 1:
            raise typer.BadParameter("--version, --change and --task exclude each other")

    async def _shipped(self, app: App) -> dict[str, str | None]:
        if self.task:
            task = await known_task(app, self.task)
            return {"task": task.id, "change": task.change, "version": task.metadata.version}
        if self.change:
            return {"change": await known_change(app, self.change)}
        named = self.version or app.settings.forge.base
        return {"version": (await known_version(app, named)).commit}

    def _overrides(self, who: Identity, environment: Environment) -> tuple[Override, ...]:
        if not self.overrides:
            return ()
        by = who.must_overrule(environment).name
        return tuple(_override(text, by) for text in self.overrides)


def strategy_named(name: str | None) -> Strategy | None:
    """The strategy of this name. Raises BadParameter, naming those there are."""
    if name is None:
        return None
    if name not in {one.value for one in Strategy}:
        raise typer.BadParameter(f"there is no strategy {name!r} (known: {', '.join(Strategy)})")
    return Strategy(name)


def _override(text: str, by: str) -> Override:
    gate, _, reason = text.partition("=")
    known = sorted(one.value for one in OVERRIDABLE)
    if gate not in known:
        kind = "can only be cleared, not overridden" if gate in {*GateName} else "is no gate"
        raise typer.BadParameter(f"--override: {gate!r} {kind} (those that can: {', '.join(known)})")
    if not reason.strip():
        raise typer.BadParameter(f"--override {gate}=REASON: the reason is missing")
    return Override(gate=GateName(gate), by=by, reason=reason.strip())
