"""Moves: the smallest things a deployment does, as values; each knows its undo."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrate.models.change import Version
from orchestrate.models.fact import Fact

Weights = dict[str, int]  # slot → percent of the traffic; they add up to 100


class Irreversible(Fact):
    """Why a move has no undo."""

    kind: Literal["irreversible"] = "irreversible"
    reason: str


class Start(Fact):
    """Run `version` in an empty slot, and wait until all instances are healthy."""

    kind: Literal["start"] = "start"
    component: str
    slot: str
    version: Version
    instances: int

    def undo(self) -> Move:
        return Stop(component=self.component, slot=self.slot, version=self.version, instances=self.instances)


class Scale(Fact):
    """Bring a running slot from `was` to `instances` instances."""

    kind: Literal["scale"] = "scale"
    component: str
    slot: str
    version: Version
    was: int
    instances: int

    def undo(self) -> Move:
        return self.model_copy(update={"was": self.instances, "instances": self.was})


class SetTraffic(Fact):
    """Share the traffic among slots; new requests follow at once, none is dropped."""

    kind: Literal["set_traffic"] = "set_traffic"
    component: str
    was: Weights
    weights: Weights

    def undo(self) -> Move | Irreversible:
        if not self.was:
            return Irreversible(reason="nothing served before, so there is nothing to go back to")
        return self.model_copy(update={"was": self.weights, "weights": self.was})


class Drain(Fact):
    """Wait until a slot without traffic has finished its requests, at most `seconds`."""

    kind: Literal["drain"] = "drain"
    component: str
    slot: str
    seconds: int

    def undo(self) -> Irreversible:
        return Irreversible(reason="waiting for requests to end changes nothing")


class Stop(Fact):
    """Stop every instance of a slot."""

    kind: Literal["stop"] = "stop"
    component: str
    slot: str
    version: Version
    instances: int

    def undo(self) -> Move:
        return Start(component=self.component, slot=self.slot, version=self.version, instances=self.instances)


class Backup(Fact):
    """Copy the configuration and the component's database, if it has one, and prove the copies (G11)."""

    kind: Literal["backup"] = "backup"
    component: str

    def undo(self) -> Irreversible:
        return Irreversible(reason="a copy changes nothing")


class MigrationFile(Fact):
    """One pending migration: its path in the repository and the SHA-256 of its text."""

    path: str
    sha256: str


class Migrate(Fact):
    """Apply the component's pending migrations, in order, and verify them on the target."""

    kind: Literal["migrate"] = "migrate"
    component: str
    version: Version
    files: tuple[MigrationFile, ...]

    def undo(self) -> Irreversible:
        return Irreversible(
            reason="migrations are kept on rollback: they are additive, and undoing one can lose data"
        )


class Verify(Fact):
    """Check what runs: instances, version, address, migrations, smoke tests (V1, V2)."""

    kind: Literal["verify"] = "verify"
    component: str
    slot: str
    version: Version

    def undo(self) -> Irreversible:
        return Irreversible(reason="checking changes nothing")


class Analyse(Fact):
    """Watch `slots` for `seconds`, against `baseline` where there is one, and give a verdict.

    `final` marks the monitoring period after the last traffic move (V3).
    """

    kind: Literal["analyse"] = "analyse"
    component: str
    slot: str
    baseline: str | None
    seconds: int
    share: int  # percent of the traffic that the new version has meanwhile
    final: bool = False

    def undo(self) -> Irreversible:
        return Irreversible(reason="watching changes nothing")


Move = Annotated[
    Start | Scale | SetTraffic | Drain | Stop | Backup | Migrate | Verify | Analyse,
    Field(discriminator="kind"),
]


def undo_of(move: Move) -> Move | Irreversible:
    """What takes `move` back, computed from the move alone."""
    return move.undo()


def words(move: Move) -> str:  # noqa: C901 - one case for each kind of move
    """The move as one line for people."""
    match move:
        case Start():
            return f"{move.component}: start {move.instances} × {move.version.name} in {move.slot}"
        case Scale():
            return f"{move.component}: scale {move.slot} from {move.was} to {move.instances}"
        case SetTraffic():
            shares = ", ".join(f"{slot} {share} %" for slot, share in sorted(move.weights.items()))
            return f"{move.component}: traffic {shares or 'to nobody'}"
        case Drain():
            return f"{move.component}: let {move.slot} finish its requests (≤ {move.seconds} s)"
        case Stop():
            return f"{move.component}: stop {move.instances} × {move.version.name} in {move.slot}"
        case Backup():
            return f"{move.component}: back up the configuration and any database, and prove the copies"
        case Migrate():
            return f"{move.component}: apply {', '.join(file.path for file in move.files)}"
        case Verify():
            return f"{move.component}: verify {move.version.name} in {move.slot}"
        case Analyse():
            what = "watch" if move.final else "analyse"
            return f"{move.component}: {what} {move.slot} at {move.share} % for {move.seconds} s"
