"""Moves as effects: provider moves, backups and migrations of one environment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import MigrationFailed, OutsideFailed, UnknownComponent
from orchestrate.models.fact import Fact
from orchestrate.models.move import Backup, Drain, Migrate, Move, Scale, SetTraffic, Start, Stop, words
from tools import configuration
from tools.executor import EffectClass, Write
from tools.merge import Source
from tools.migrations import Target, migration_text, proved
from tools.place import Place
from tools.provider import Say, holds

MOVE, UNDO = "move", "undo"
"""What a move is called at the door to effects: forward, and back."""


class PlacedMove(Fact):
    """A move of a plan, by its place in it."""

    index: int
    move: Move


class Done(Fact):
    """What a move left behind, in words."""

    said: str


class MoveTimedOut(OutsideFailed):
    """A move took longer than the environment allows."""


def moving(mover: Mover, effect: EffectClass) -> Write[PlacedMove, Done]:
    """The tool that does a move: a change, or, on the way back, an undo."""
    return Write(
        name=MOVE if effect is EffectClass.CHANGE else UNDO,
        effect=effect,
        result=Done,
        key=lambda placed: str(placed.index),
        observe=mover.seen,
        act=mover.make,
    )


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Makes moves in one place."""

    place: Place
    source: Source
    say: Say
    deployment: str

    async def seen(self, placed: PlacedMove) -> Done | None:
        """The receipt, if the world already shows the move."""
        move = placed.move
        match move:
            case Start() | Scale() | SetTraffic() | Stop() | Drain():
                component = self.place.component(move.component)
                is_so = holds(move, await self.place.provider.running(component))
            case Migrate():
                is_so = await self._is_migrated(move)
            case Backup():
                is_so = await asyncio.to_thread(self._is_backed_up, move)
            case _:
                is_so = False
        return Done(said=f"{words(move)}: already so") if is_so else None

    async def make(self, placed: PlacedMove) -> Done:
        """Make the move within the environment's time. Raises MoveTimedOut, OutsideFailed, TimeoutError."""
        limit = self.place.environment.move_timeout
        ours = asyncio.timeout(limit)
        try:
            async with ours:
                return await self._make(placed.move)
        except TimeoutError as late:
            if not ours.expired():
                raise  # somebody else's patience ended: it is asked again
            raise MoveTimedOut(f"{words(placed.move)}: not done after {limit} s") from late

    async def _make(self, move: Move) -> Done:
        match move:
            case Backup():
                return await self._back_up(move)
            case Migrate():
                return await self._migrate(move)
            case Start() | Scale() | SetTraffic() | Stop() | Drain():
                component = self.place.component(move.component)
                await self.place.provider.apply(component, move, self.say)
                return Done(said=words(move))
            case _:
                return Done(said=words(move))

    async def _back_up(self, move: Backup) -> Done:
        """The configuration, and the database where the component has one."""
        said = [await configuration.keep(self.place, self._copies(move))]
        if move.component in self.place.targets:
            receipt = await self._target(move.component).backup(self._copies(move))
            said.insert(
                0, f"{receipt.tables} tables, {receipt.rows} rows restored and compared: {receipt.location}"
            )
        for line in said:
            self.say(line)
        return Done(said="; ".join(said))

    def _is_backed_up(self, move: Backup) -> bool:
        copies = proved(self._copies(move))
        wants = 2 if move.component in self.place.targets else 1
        return configuration.NAME in copies and len(copies) >= wants

    def _copies(self, move: Backup) -> Path:
        """Where this deployment's copies are kept."""
        return self.place.environment.root / "backups" / move.component / self.deployment

    async def _migrate(self, move: Migrate) -> Done:
        target = self._target(move.component)
        for file in move.files:
            text = await migration_text(self.source, move.version, file)
            await target.apply(_name(file.path), text)
            await target.verify(_name(file.path), text)
            self.say(f"applied and verified {file.path}")
        return Done(said=words(move))

    async def _is_migrated(self, move: Migrate) -> bool:
        """Whether all of it is recorded as applied, and what it makes is there."""
        target = self._target(move.component)
        names = {(one.name, one.sha256) for one in await target.applied()}
        if any((_name(file.path), file.sha256) not in names for file in move.files):
            return False
        try:
            for file in move.files:
                text = await migration_text(self.source, move.version, file)
                await target.verify(_name(file.path), text)
        except MigrationFailed:
            return False
        return True

    def _target(self, component: str) -> Target:
        if component not in self.place.targets:
            raise MigrationFailed(f"{component} has no database") from UnknownComponent(component)
        return self.place.targets[component]


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
