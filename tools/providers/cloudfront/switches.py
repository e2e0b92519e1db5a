"""Switches: the one that was begun and is not shown everywhere yet, so that it is never taken for done."""

from __future__ import annotations

from pydantic import ValidationError

from orchestrate.models.fact import Fact
from tools.providers.cloudfront.distribution import Shown
from tools.providers.fleet.layout import Layout, made
from tools.providers.fleet.private import write_privately


class Switch(Fact):
    """From which path of a bucket to which one; `reference` is that of its one invalidation."""

    was: str
    path: str
    reference: str


class Switches:
    """A file for each component, there from before a distribution is changed until the change is shown."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def under_way(self, component: str, shown: Shown) -> Switch | None:
        """The switch to what the distribution is told to show, if it is not through."""
        try:
            found = Switch.model_validate_json(self._layout.shares(component).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.path == shown.path else None

    def begin(self, component: str, shown: Shown, path: str) -> Switch:
        """The one that is under way, or a new one; the reference is made of what it replaces."""
        found = self.under_way(component, shown)
        if found is None or found.path != path:
            found = Switch(was=shown.path, path=path, reference=f"orchestrate {path} after {shown.etag}")
            file = self._layout.shares(component)
            made(file.parent)
            write_privately(file, found.model_dump_json())
        return found

    def end(self, component: str) -> None:
        self._layout.shares(component).unlink(missing_ok=True)
