"""Slots on disk: which version each slot of a component should run, and how often."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from orchestrate.errors import OutsideFailed
from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from orchestrate.models.move import Weights
from orchestrate.models.runtime import Instance, Slot
from tools.provider import refuse_another, runs_unknown, shares
from tools.providers.fleet.layout import Layout, made
from tools.providers.fleet.private import write_privately


class Wanted(Fact):
    """What a slot should run."""

    version: Version
    wanted: int
    build: str = ""  # what its place calls what runs there; '': it is found by the version
    before: str = ""  # what the place had there until then, where it must be told to bring that back


class Slots:
    """The slots that were started and not stopped."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def names(self, component: str) -> list[str]:
        return sorted(path.stem for path in self._layout.slots(component).glob("[!.]*.json"))

    def read(self, component: str, slot: str) -> Wanted | None:
        try:
            return Wanted.model_validate_json(self._layout.slot(component, slot).read_bytes())
        except (OSError, ValidationError):
            return None

    def kept(self, component: str) -> dict[str, Wanted]:
        """What each slot should run, by its name; those that cannot be read are the `unknown` ones."""
        return {name: one for name in self.names(component) if (one := self.read(component, name))}

    def unknown(self, component: str) -> tuple[Slot, ...]:
        """The slots that were started, and of which nobody can read any more with what."""
        kept = self.kept(component)
        return tuple(self.slot(component, name) for name in self.names(component) if name not in kept)

    def slot(self, component: str, name: str, instances: Iterable[Instance] = ()) -> Slot:
        """What should run, with the instances that do; one of which the record is damaged wants something."""
        found, file = self.read(component, name), self._layout.slot(component, name)
        wanted = found.wanted if found else int(file.exists())
        version = found.version if found else None
        return Slot(name=name, version=version, wanted=wanted, instances=tuple(instances))

    def require_known(self, component: str) -> None:
        """Raise OutsideFailed where nobody can read what a slot should run: it is not brought back."""
        for one in self.unknown(component):
            file = self._layout.slot(component, one.name)
            said = f"{file} cannot be read: nobody knows which version {one.name} should run"
            raise OutsideFailed(said, cure="put it back; or remove it, and deploy what should run there")

    def may_be_unknown(self, component: str, weights: Weights) -> bool:
        """Whether who had these shares cannot be told: what is live, and of no slot, may be its."""
        return any(shares(weights).get(one.name) for one in self.unknown(component))

    def refuse_another(self, component: str, slot: str, version: Version) -> None:
        """Raise StartFailed where the slot should run another version, or one that nobody can read."""
        self.refuse_unknown(component, slot, version)
        before = self.read(component, slot)
        if before is not None and before.wanted:
            refuse_another(slot, before.version, version)

    def refuse_unknown(self, component: str, slot: str, version: Version) -> None:
        """Raise StartFailed where nobody can read what the slot should run."""
        if any(one.name == slot for one in self.unknown(component)):
            raise runs_unknown(slot, version, f"{self._layout.slot(component, slot)} cannot be read")

    def write(self, component: str, slot: str, wanted: Wanted | None) -> None:
        """Remember what the slot should run; None forgets the slot."""
        file = self._layout.slot(component, slot)
        if wanted is None:
            file.unlink(missing_ok=True)
        else:
            made(file.parent)
            write_privately(file, wanted.model_dump_json())

    def forget(self, component: str) -> None:
        """Forget every slot of the component."""
        for name in self.names(component):
            self.write(component, name, None)
