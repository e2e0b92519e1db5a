"""Beads as our tasks: our word for a status is a label, and what a task says about itself is metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from orchestrate.models.task import Label, NewTask, Priority, Queue, Task, TaskMetadata
from tools.systems.beads_answers import Issue
from tools.systems.pull_names import change_in

MARKER = "orchestrate_marker"
OURS = "orchestrate"
"""The label of every bead that we file."""

_STATUS = {"Deploying": "in_progress", "Blocked": "blocked", "On hold": "blocked"}
_WORDS = {"open": "Open", "in_progress": "In progress", "blocked": "Blocked", "closed": "Closed"}
_REFERENCE = re.compile(r"(?:gh|pr)-(\d+)", re.IGNORECASE)


def slug(word: str) -> str:
    """A word as a label: ready-to-deploy."""
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


@dataclass(frozen=True)
class Vocabulary:
    """Our words for statuses, the input status first: whoever labels a bead so means it."""

    words: Sequence[str]
    repository: str = ""  # the page of the repository whose pull requests are ours; '': any

    def word(self, issue: Issue) -> str:
        """Our word for how a bead is; that of Beads where we have none."""
        named = (word for word in self.words if slug(word) in issue.labels)
        return next(named, _WORDS.get(issue.status, issue.status))

    def labels(self, word: str) -> tuple[list[str], list[str]]:
        """The labels that a bead gets with a status, and those that it loses."""
        wanted = [] if word == _WORDS["open"] else [slug(word)]
        return wanted, [slug(one) for one in self.words if slug(one) not in wanted]

    @staticmethod
    def status(word: str) -> str:
        """How Beads calls it, of the few statuses that it has."""
        return _STATUS.get(word, "open")


def queue_of(labels: Collection[str]) -> Queue:
    """By its label; whatever has none waits to be deployed."""
    return next((queue for queue in Queue if queue.value in labels), Queue.DEPLOY)


def read(issue: Issue, vocabulary: Vocabulary) -> Task:
    """The bead as a task."""
    said = issue.metadata
    ours = {OURS, *(queue.value for queue in Queue), *(slug(word) for word in vocabulary.words)}
    return Task(
        id=issue.id,
        title=issue.title,
        description=issue.description,
        queue=queue_of(issue.labels),
        status=vocabulary.word(issue),
        priority=Priority(min(max(issue.priority, 0), 4)),
        change=_change(issue, vocabulary.repository),
        labels=tuple(Label(name=name, by="") for name in issue.labels if name not in ours),
        metadata=TaskMetadata(
            deployment_target=_text(said.get("deployment_target")),
            stage=_text(said.get("stage")),
            quality_gates=_texts(said.get("quality_gates")),
            version=_text(said.get("version")),
            strategy=_text(said.get("strategy")),
        ),
        depends_on=issue.waits_for,
        discovered_from=issue.discovered_from or _text(said.get("discovered_from")),
        workspace=_text(said.get("workspace")),
        created_by=issue.created_by,
        created_at=issue.created_at,
        closed_reason=(issue.close_reason or "closed") if issue.status == "closed" else None,
    )


def words_of(new: NewTask, vocabulary: Vocabulary) -> list[str]:
    """The arguments of `bd create` for a task; its description goes to the input."""
    labels = [OURS, *vocabulary.labels(new.status)[0], *(slug(one.name) for one in new.labels)]
    labels += [] if new.queue is Queue.DEPLOY else [new.queue.value]
    said = {
        **new.metadata.model_dump(),
        "quality_gates": list(new.metadata.quality_gates),
        "change": new.change,
        "workspace": new.workspace,
        "discovered_from": new.discovered_from,
        MARKER: new.marker,
    }
    metadata = json.dumps({key: value for key, value in said.items() if value})
    origin = new.discovered_from
    is_edge = origin is not None and origin not in new.depends_on  # two issues have one edge at most
    dependencies = [*new.depends_on, *([f"discovered-from:{origin}"] if is_edge else [])]
    return [
        f"--title={new.title}",
        f"--type={'bug' if new.queue is Queue.EXECUTION else 'task'}",
        f"--priority={int(new.priority)}",
        f"--labels={','.join(labels)}",
        f"--metadata={metadata}",
        *(f"--deps={one}" for one in dependencies),
    ]


def _change(issue: Issue, repository: str) -> str | None:
    said = _text(issue.metadata.get("change")) or _text(issue.metadata.get("pr"))
    named = change_in(said or issue.external_ref or issue.description, repository) or said
    if named:
        return named
    reference = _REFERENCE.fullmatch(issue.external_ref or "")
    return reference[1] if reference else None


def _text(value: object) -> str | None:
    is_one = isinstance(value, str | int | float) and not isinstance(value, bool)
    return (str(value) or None) if is_one else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(one for one in re.split(r"\s*[,;]\s*", value) if one)
    found = cast(list[object], value) if isinstance(value, list) else []
    return tuple(str(one) for one in found)
