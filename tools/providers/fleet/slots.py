"""Slots on disk: which version each slot of a component should run, and how often."""

from __future__ import annotations

from pydantic import ValidationError

from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from tools.provider import runs_another
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
        """What each slot should run, by its name; what cannot be read is left out."""
        return {name: one for name in self.names(component) if (one := self.read(component, name))}

    def refuse_another(self, component: str, slot: str, version: Version) -> None:
        """Raise StartFailed where the slot was started with another version, and not stopped."""
        before = self.read(component, slot)
        if before is not None and before.version.tree != version.tree:
            raise runs_another(slot, version)

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
