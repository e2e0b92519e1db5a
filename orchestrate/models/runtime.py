"""What runs now: slots, instances and traffic, as a provider sees them."""

from __future__ import annotations

from datetime import datetime

from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from orchestrate.models.move import Weights


class Instance(Fact):
    """One running copy of a component."""

    id: str
    slot: str
    address: str  # host:port, or empty when it takes no traffic
    healthy: bool
    restarts: int
    started_at: datetime
    pid: int | None = None
    last_exit: int | None = None
    detail: str = ""  # why it is unhealthy
    cpu: float | None = None  # percent of one core
    memory: float | None = None  # MiB
    tree: str = ""  # of the version that it really runs; '' where that is not told


class Slot(Fact):
    """A place for one version of a component."""

    name: str
    version: Version | None
    wanted: int
    instances: tuple[Instance, ...] = ()

    @property
    def is_healthy(self) -> bool:
        return len(self.instances) == self.wanted and all(one.healthy for one in self.instances)


class Running(Fact):
    """What a component is made of right now."""

    component: str
    slots: tuple[Slot, ...] = ()
    weights: Weights = {}
    unmeasured: str = ""  # why nobody tells the CPU and memory of its instances, where that was asked

    @property
    def live(self) -> Slot | None:
        """The slot that has most of the traffic (or simply runs, where there is no traffic)."""
        running = [slot for slot in self.slots if slot.version is not None and slot.wanted > 0]
        return max(running, key=lambda slot: self.weights.get(slot.name, 0), default=None)

    @property
    def unknown(self) -> tuple[Slot, ...]:
        """The slots that should run something, and nobody knows what."""
        return tuple(slot for slot in self.slots if slot.version is None and slot.wanted > 0)

    def slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


class Artifact(Fact):
    """A built version of a component."""

    component: str
    version: Version
    digest: str  # SHA-256 over the names, modes and contents of its files
    location: str
    pinned: bool = True  # False: a registry has it, and nothing here has taken it yet


class Resources(Fact):
    """How full the place is; None where the provider cannot tell. Percent."""

    disk: float | None = None
    disk_said: str = ""  # where no share is told: what the place says of its disks, none of which is too full
    memory: float | None = None
    cpu: float | None = None
    lacks: tuple[str, ...] = ()  # why what is to start finds no room
    headroom: bool = False  # whether it was looked at: without lacks there is room then
    untold: tuple[str, ...] = ()  # why nobody can tell whether there is
