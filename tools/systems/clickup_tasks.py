"""ClickUp's tasks as ours: what a custom field or a line of the description says, and how we write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.task import Label, NewTask, Priority, Queue, Task, TaskMetadata
from tools.systems.clickup_answers import CustomField, Item, Shelf
from tools.systems.pull_names import change_in

OURS = "orchestrate"
"""The tag of every task that we file."""

MARKER = "orchestrate_marker"
KEYS = (
    "deployment_target", "stage", "quality_gates", "version", "strategy", "change", "discovered_from",
    "workspace",
)  # fmt: skip
_LINE = re.compile(
    rf"\s*(?:[-*]\s+)?(?:\*\*)?(?P<key>{'|'.join((*KEYS, MARKER))})(?:\*\*)?\s*:\s*(?P<value>.+?)\s*",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_TO_CLICKUP: Mapping[Priority, int] = {
    Priority.P0: 1, Priority.P1: 2, Priority.P2: 3, Priority.P3: 4, Priority.P4: 4,
}  # fmt: skip
_FROM_CLICKUP = {"1": Priority.P0, "2": Priority.P1, "3": Priority.P2, "4": Priority.P3}


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """How the product's words are spelled in ClickUp: statuses by word, queues by list and tag."""

    list: str
    lists: Mapping[Queue, str] = field(default_factory=dict[Queue, str])
    statuses: Mapping[str, str] = field(default_factory=dict[str, str])  # our word → the list's
    repository: str = ""  # the page of the repository whose pull requests are ours; '': any

    def home(self, queue: Queue) -> str:
        """The list in which tasks of the queue are filed."""
        return self.lists.get(queue, self.list)

    def queue(self, item: Item) -> Queue:
        """By its tag, else by its list; whatever has neither waits to be deployed."""
        tags = {one.name.casefold() for one in item.tags}
        by_tag = (queue for queue in Queue if queue.value in tags)
        by_list = (queue for queue, id in self.lists.items() if id == item.list.id)
        return next(by_tag, next(by_list, Queue.DEPLOY))

    def word(self, status: str) -> str:
        """Our word for a list's status; the list's own where we have none."""
        said = status.casefold()
        ours = (word for word, spelled in self.statuses.items() if spelled.casefold() == said)
        return next(ours, status)

    def has(self, word: str, shelf: Shelf) -> bool:
        """Whether the list has a status for our word."""
        return self._wanted(word) in {one.status.casefold() for one in shelf.statuses}

    def spelled(self, word: str, shelf: Shelf) -> str:
        """The list's spelling of our word. Raises OutsideFailed, naming the statuses that there are."""
        wanted = self._wanted(word)
        for one in shelf.statuses:
            if one.status.casefold() == wanted:
                return one.status
        known = ", ".join(one.status for one in shelf.statuses)
        raise OutsideFailed(
            f"ClickUp's list {shelf.id} ({shelf.name}) has no status {wanted!r} (it has: {known})",
            cure=f"rename it back in ClickUp, or say which one it is now: tracker: statuses: {{{word}: …}}",
        )

    def _wanted(self, word: str) -> str:
        return self.statuses.get(word, word).casefold()


def read(item: Item, vocabulary: Vocabulary, closed: str | None, bot: str, me: str) -> Task:
    """The task. `closed`: why it was closed; `me`: our own account, which is called `bot`."""
    text = item.markdown_description or item.description or item.text_content or ""
    lines, rest = _said(text)
    said = {**lines, **_fields(item)}
    creator = item.creator.id if item.creator else ""
    return Task(
        id=item.id,
        title=item.name,
        description=rest,
        queue=vocabulary.queue(item),
        status=vocabulary.word(item.status.status),
        priority=_FROM_CLICKUP.get((item.priority and item.priority.id) or "", Priority.P2),
        change=_change(said.get("change"), text, vocabulary.repository),
        labels=tuple(Label(name=one.name, by="") for one in item.tags if not _is_ours(one.name)),
        metadata=TaskMetadata(
            deployment_target=said.get("deployment_target"),
            stage=said.get("stage"),
            quality_gates=tuple(re.split(r"\s*[,;]\s*", said["quality_gates"]))
            if said.get("quality_gates")
            else (),
            version=said.get("version"),
            strategy=said.get("strategy"),
        ),
        depends_on=item.waits_for,
        discovered_from=said.get("discovered_from"),
        workspace=said.get("workspace"),
        created_by=bot if creator == me else creator,
        created_at=datetime.fromtimestamp(item.date_created / 1000, UTC),
        closed_reason=closed,
    )


def marker(item: Item) -> str | None:
    """The marker with which we filed it."""
    text = item.markdown_description or item.description or item.text_content or ""
    return _said(text)[0].get(MARKER)


def body(new: NewTask, status: str) -> dict[str, object]:
    """What is sent to file a task."""
    tags = [OURS] if new.queue is Queue.DEPLOY else [OURS, new.queue.value]
    sent: dict[str, object] = {
        "name": new.title,
        "markdown_content": "\n\n".join(part for part in (new.description, _written(new)) if part),
        "status": status,
        "priority": _TO_CLICKUP[new.priority],
        "tags": [*tags, *(label.name for label in new.labels)],
        "notify_all": False,
    }
    return {**sent, "links_to": new.discovered_from} if new.discovered_from else sent


def _written(new: NewTask) -> str:
    said = {
        **new.metadata.model_dump(),
        "quality_gates": ", ".join(new.metadata.quality_gates),
        "change": new.change,
        "discovered_from": new.discovered_from,
        "workspace": new.workspace,
        MARKER: new.marker,
    }
    return "\n".join(f"- {key}: {value}" for key, value in said.items() if value)


def _said(markdown: str) -> tuple[dict[str, str], str]:
    """What lines of the description say, and the rest of it; what stands in a fence is a quote."""
    found: dict[str, str] = {}
    rest: list[str] = []
    fence = ""
    for line in markdown.replace("\\_", "_").split("\n"):
        opened = _FENCE.match(line)
        match = None if fence else _LINE.fullmatch(line)
        if opened:
            fence = "" if fence and line.strip().startswith(fence) else fence or opened[1]
        if match:
            found[match["key"].lower()] = match["value"].strip("`*")
        else:
            rest.append(line)
    return found, "\n".join(rest).strip()


def _fields(item: Item) -> dict[str, str]:
    """The custom fields that are called as we call them, in any case, with blanks or without."""
    known = {**{key.replace("_", ""): key for key in KEYS}, **dict.fromkeys(("pr", "pullrequest"), "change")}
    named = ((re.sub(r"[^a-z]", "", one.name.lower()), one) for one in item.custom_fields)
    read = {known[name]: ", ".join(_values(one)) for name, one in named if name in known}
    return {key: value for key, value in read.items() if value}


def _values(one: CustomField) -> Iterator[str]:
    """What was chosen or written: an option comes by its id or by its place."""
    choices = {str(key): each.words for each in one.type_config.options for key in (each.id, each.orderindex)}
    given = cast("list[object]", one.value) if isinstance(one.value, list) else [one.value]
    for value in given:
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            yield choices.get(str(value), "") if choices else str(value)


def _change(said: str | None, text: str, repository: str) -> str | None:
    """What names the change: its number, also where its address is given."""
    return change_in(said if said is not None else text, repository) or said


def _is_ours(tag: str) -> bool:
    return tag == OURS or tag in {queue.value for queue in Queue}
