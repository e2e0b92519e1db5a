"""Trackers: where the tasks come from that the settings name."""

from __future__ import annotations

from orchestrate.settings import Settings, variable
from orchestrate.store import Store
from orchestrate.vault import Vault
from tools.systems.beads import BeadsTracker
from tools.systems.beads_setup import beads_tracker
from tools.systems.clickup import ClickUpTracker
from tools.systems.clickup_setup import clickup_tracker
from tools.systems.github_account import page_of
from tools.systems.tracker import StoreTracker
from tools.tasks import SUCCEEDED

WholeTracker = StoreTracker | ClickUpTracker | BeadsTracker


def tracker_of(settings: Settings, store: Store, vault: Vault) -> WholeTracker:
    """The tracker, which asks nobody before it is asked."""
    said, succeeded = settings.tracker, {*SUCCEEDED, settings.tracker.output_status}
    repository = page_of(settings.forge)
    match said.kind:
        case "builtin":
            status = said.input_status
            return StoreTracker(store.tasks, input_status=status, queues=said.queues, succeeded=succeeded)
        case "clickup":
            people, token = settings.people, lambda: settings.token_of_tracker(vault.secret).reveal()
            return clickup_tracker(said, people, store, token, succeeded, repository)
        case "beads":
            return beads_tracker(said, {"HOME": variable("HOME") or ""}, succeeded, repository)
