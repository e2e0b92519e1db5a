"""What a ClickUp workspace holds: people, lists with statuses, tasks, threads, fields and webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

Json = dict[str, object]

TEAM, LIST, OTHER_LIST = "9012", "901", "902"
STATUSES = (
    ("open", "open"), ("to test", "custom"), ("ready to deploy", "custom"), ("draft", "custom"),
    ("deploying", "custom"), ("blocked", "custom"), ("on hold", "custom"), ("failed", "done"),
    ("deployed", "done"), ("done", "done"), ("closed", "closed"),
)  # fmt: skip
PER_PAGE, PER_THREAD = 100, 25


@dataclass
class Member:
    """Somebody in the workspace."""

    id: int
    name: str


@dataclass
class Saying:
    """A comment, or a reply to one."""

    id: int
    task: str
    by: int
    text: str
    at: int  # epoch milliseconds
    runs: Sequence[Json] = ()
    parent: int | None = None


@dataclass
class Item:
    """A task."""

    id: str
    shelf: str
    name: str
    status: str
    by: int
    created: int
    updated: int
    markdown: str = ""
    priority: int | None = None
    tags: list[str] = field(default_factory=list[str])
    fields: dict[str, object] = field(default_factory=dict[str, object])
    waits_for: list[str] = field(default_factory=list[str])
    linked: list[str] = field(default_factory=list[str])
    archived: bool = False
    custom_id: str = ""


@dataclass
class Shelf:
    """A list."""

    id: str
    name: str
    statuses: list[tuple[str, str]] = field(default_factory=lambda: list(STATUSES))
    fields: list[Json] = field(default_factory=list[Json])
    permission: str = "create"


@dataclass
class Hook:
    """A webhook."""

    id: str
    endpoint: str
    events: tuple[str, ...]
    secret: str
    failures: int = 0
    is_suspended: bool = False


@dataclass
class ClickUpWorld:
    """One workspace. A reply does not touch its task here, because nobody says that it does."""

    clock: Callable[[], float] = time.time
    members: dict[int, Member] = field(
        default_factory=lambda: {
            1: Member(1, "Robot"), 2: Member(2, "Ada"), 3: Member(3, "Bob"), 4: Member(4, "Eve"),
        }
    )  # fmt: skip
    tokens: dict[str, int] = field(
        default_factory=lambda: {"pk_1_robot": 1, "pk_2_ada": 2, "pk_3_bob": 3, "pk_4_eve": 4}
    )
    lists: dict[str, Shelf] = field(
        default_factory=lambda: {LIST: Shelf(LIST, "Shop"), OTHER_LIST: Shelf(OTHER_LIST, "Announcements")}
    )
    items: dict[str, Item] = field(default_factory=dict[str, Item])
    sayings: dict[int, Saying] = field(default_factory=dict[int, Saying])
    hooks: dict[str, Hook] = field(default_factory=dict[str, Hook])
    happened: list[Json] = field(default_factory=list[Json])
    """What the webhooks are to be told, in order; the server empties it."""

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self._tasks, self._ids = count(1), count(100_001)

    @property
    def now(self) -> int:
        """Epoch milliseconds."""
        return round(self.clock() * 1000)

    def new_id(self) -> int:
        return next(self._ids)

    def add(self, by: int, list_id: str, name: str, **given: object) -> Item:
        """File a task in a list."""
        shelf = self.lists[list_id]
        number = next(self._tasks)
        item = Item(
            id=f"86c{number:05x}",
            shelf=list_id,
            name=name,
            status=shelf.statuses[0][0],
            by=by,
            created=self.now,
            updated=self.now,
        )
        for key, value in given.items():
            setattr(item, key, value)
        self.items[item.id] = item
        self.tell("taskCreated", item, by, "status", None, item.status)
        return item

    def say(
        self, by: int, task: str, text: str, *, parent: int | None = None, runs: Sequence[Json] = ()
    ) -> Saying:
        """A comment or a reply."""
        with self.lock:
            said = Saying(self.new_id(), task, by, text, self.now, runs, parent)
            self.sayings[said.id] = said
            if parent is None:
                self.items[task].updated = self.now
            self.tell("taskCommentPosted", self.items[task], by, "comment", None, str(said.id))
            return said

    def edit(self, saying: int, text: str) -> None:
        """Somebody edits a comment; the API does not tell that it was edited."""
        self.sayings[saying].text, self.sayings[saying].runs = text, ()

    def erase(self, saying: int) -> None:
        """Somebody deletes a comment, and so the replies to it."""
        self.sayings = {id: one for id, one in self.sayings.items() if saying not in (id, one.parent)}

    def rename(self, list_id: str, old: str, new: str) -> None:
        """Somebody renames a status; its tasks go with it."""
        shelf = self.lists[list_id]
        shelf.statuses = [(new if name == old else name, kind) for name, kind in shelf.statuses]
        for item in self.items.values():
            if (item.shelf, item.status) == (list_id, old):
                item.status = new

    def change(self, item: Item, by: int, status: str) -> None:
        """Another status."""
        before, item.status, item.updated = item.status, status, self.now
        self.tell("taskStatusUpdated", item, by, "status", before, status)

    def tell(self, event: str, item: Item, by: int, what: str, before: object, after: object) -> None:
        """Something happened that webhooks may want to know."""
        history: Json = {
            "id": str(self.new_id()),
            "type": 1,
            "date": str(self.now),
            "field": what,
            "parent_id": item.shelf,
            "data": {},
            "user": {"id": by, "username": self.members[by].name},
            "before": before,
            "after": after,
        }
        self.happened.append({"event": event, "task_id": item.id, "history_items": [history]})

    def kind(self, item: Item) -> str:
        """Whether the task's status is open, custom, done or closed."""
        return dict(self.lists[item.shelf].statuses)[item.status]

    def thread(self, task: str, parent: int | None = None) -> list[Saying]:
        """What was said on a task, or in reply to a comment, newest first."""
        found = [one for one in self.sayings.values() if (one.task, one.parent) == (task, parent)]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)
