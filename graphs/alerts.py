"""Alerts that nobody was told of yet: each is told once per watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.models.watch import Watch
from orchestrate.store import Store

WHOLE_STORY = 100_000
TOLD = "alert"
"""How the story calls the line that says so."""


@dataclass(frozen=True)
class News:
    """One alert of one watch."""

    watch: Watch
    name: str
    sentence: str


def untold(store: Store, deployment: str, open_ones: Sequence[Watch]) -> list[News]:
    """What the open watches of a deployment found since people were last told, the oldest watch first."""
    news = [
        News(watch, name, sentence)
        for watch in open_ones
        if watch.judgement is not None
        for name, sentence in watch.judgement.named_alerts.items()
    ]
    told = _told(store, deployment) if news else set[tuple[str, str]]()
    return [one for one in news if (one.watch.id, one.name) not in told]


def _told(store: Store, deployment: str) -> set[tuple[str, str]]:
    story = store.events.of(deployment, limit=WHOLE_STORY)
    return {(one.data["watch"], one.data["name"]) for one in story if one.kind == TOLD}
