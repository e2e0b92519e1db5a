"""Seen: an app and its revisions as they were read at one moment, and how its traffic is shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrate.errors import StartFailed
from orchestrate.models.move import Weights
from tools.providers.containerapps.answers import App, Revision
from tools.providers.containerapps.objects import note_of, pinned, sent
from tools.providers.revisions import Part, Parts, merged, untagged, weights_of
from tools.systems.web_api import Json


@dataclass(frozen=True)
class Seen:
    """The app at one moment, with its active revisions by their names."""

    app: App
    active: Mapping[str, Revision]

    @property
    def parts(self) -> Parts:
        return pinned(self.app, self.active)

    @property
    def slots(self) -> Mapping[str, Revision]:
        labelled = {one.tag: self.active[one.revision] for one in self.parts if one.tag}
        notes = {slot: note_of(revision) for slot, revision in labelled.items()}
        return {slot: labelled[slot] for slot, note in notes.items() if note and note.slot in (slot, "")}

    @property
    def names(self) -> dict[str, str]:
        """The revision of each slot."""
        return {slot: one.name for slot, one in self.slots.items()}

    @property
    def in_force(self) -> dict[str, int]:
        """The percents that each revision really has."""
        return {
            name: one.facts.traffic_weight for name, one in self.active.items() if one.facts.traffic_weight
        }

    @property
    def weights(self) -> Weights:
        parts = tuple(Part(revision=name, percent=share) for name, share in self.in_force.items())
        return weights_of(parts, self.names)

    def require_shares(self) -> None:
        """Raise StartFailed where the app cannot share its traffic, or shares it with what does not run."""
        configuration, name = self.app.properties.configuration, self.app.name
        if configuration.ingress is None:
            raise StartFailed(
                f"{name} has no ingress, and so no traffic", cure="az containerapp ingress enable"
            )
        if configuration.active_revisions_mode != "Multiple":
            said = f"{name} has one active revision at a time, which gets all of the traffic"
            raise StartFailed(said, cure=f"az containerapp revision set-mode --mode multiple --name {name}")
        percents = sum(one.percent for one in self.parts)
        if percents not in (0, 100):
            said = f"{100 - percents} % of the traffic of {name} goes to revisions that are not active"
            raise StartFailed(said, cure="az containerapp ingress traffic set")


def whole(parts: Parts, slot: str, revision: str) -> Parts:
    """`parts`; where nobody has any of the traffic, all of it goes to the slot's revision."""
    if any(one.percent for one in parts):
        return parts
    return merged([*untagged(parts, slot), Part(revision=revision, percent=100, tag=slot)])


def traffic(parts: Parts) -> Json:
    """What of an app's properties says that."""
    return {"configuration": {"ingress": {"traffic": sent(parts)}}}
