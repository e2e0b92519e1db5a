"""ClickUp as a tracker: tasks of its lists, their threads, and what is written there."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

from orchestrate.errors import AccessDenied, NotFound, OutsideFailed, UnknownTask, Unreachable
from orchestrate.models.task import Comment, NewTask, Queue, Task
from orchestrate.store.keepsakes import Keepsakes
from tools.systems import clickup_tasks
from tools.systems.clickup_answers import Item, Said
from tools.systems.clickup_client import Client
from tools.systems.clickup_listening import LOOK_SECONDS, SWEEP_SECONDS, Awaited, Listening
from tools.systems.clickup_names import check_id
from tools.systems.clickup_reading import CLOSED, Reading
from tools.systems.clickup_tasks import OURS, Vocabulary
from tools.systems.clickup_text import runs
from tools.systems.clickup_threads import Threads
from tools.tasks import BOT, INPUT_STATUS, NO_QUEUES, SUCCEEDED, Readiness, Spoken, check_no_circle

T = TypeVar("T")

MARKED, FILED = "clickup/marked", "clickup/filed"
LATE = 600_000
"""Milliseconds in which a task that was filed may not be found yet."""


@dataclass(kw_only=True)
class ClickUpTracker:
    """Tasks, Threads and TaskDesk on ClickUp's lists.

    `people`: whom a mention calls, name → account id. `awaited`, `look_seconds`, `sweep_seconds`: see
    Listening. What ClickUp cannot keep (markers, reasons, first wordings) is in `keepsakes`.
    """

    client: Client
    keepsakes: Keepsakes
    vocabulary: Vocabulary
    bot: str = BOT
    input_status: str = INPUT_STATUS
    succeeded: Collection[str] = SUCCEEDED
    queues: Mapping[Queue, str] = field(default_factory=lambda: NO_QUEUES)
    people: Mapping[str, str] = field(default_factory=dict[str, str])
    awaited: Awaited | None = None
    look_seconds: float = LOOK_SECONDS
    sweep_seconds: float = SWEEP_SECONDS

    def __post_init__(self) -> None:
        self._rules = Readiness(self.input_status, frozenset(self.succeeded), self.queues)
        self.reading = Reading(self.client, self.keepsakes, self.vocabulary, self.bot)
        self._threads = Threads(self.client, self.keepsakes, self.bot)
        self.listening = Listening(
            reading=self.reading,
            threads=self._threads,
            awaited=self.awaited,
            look_seconds=self.look_seconds,
            sweep_seconds=self.sweep_seconds,
        )

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        items = await self._waiting(queue)
        known: dict[str, bool] = {}
        free = [one for one in items if await self._is_free(one, known)]
        found = await self.reading.tasks(free)
        return tuple(sorted(found, key=lambda one: (one.priority, one.created_at, one.id)))

    async def task(self, id: str) -> Task:
        return await self.reading.task(id)

    async def find(self, marker: str) -> Task | None:
        id = self.keepsakes.of(MARKED, [marker]).get(marker)
        if id is not None:
            try:
                return await self.reading.task(id)
            except UnknownTask:  # somebody deleted it
                self.keepsakes.forget(MARKED, marker)
        await self._look_for_filed()
        id = self.keepsakes.of(MARKED, [marker]).get(marker)
        return await self.reading.task(id) if id is not None else None

    async def comments(self, task: str) -> tuple[Comment, ...]:
        check_id(task)
        try:
            return await self._threads.whole(task, await self.reading.me())
        except NotFound:
            raise UnknownTask(task) from None

    async def spoken(self, since: str) -> Spoken:
        return await self.listening.spoken(since)

    async def dependents(self, task: str) -> tuple[Task, ...]:
        waiting = (await self.reading.item(task)).is_waited_for_by
        found = await self.reading.tasks([await self.reading.item(one) for one in waiting])
        return tuple(one for one in found if not one.is_closed)

    async def comment(self, task: str, text: str) -> Comment:
        check_id(task)
        sent = {"comment": runs(text, self.people), "notify_all": False}
        try:
            said = await self.client.send("POST", f"/v2/task/{task}/comment", sent, f"task {task}", Said)
        except NotFound:
            raise UnknownTask(task) from None
        at = datetime.fromtimestamp(said.date / 1000, UTC)
        return Comment(id=said.id, task=task, author=self.bot, text=text, at=at)

    async def create(self, new: NewTask) -> Task:
        known = await self.find(new.marker) if new.marker else None
        if known is not None:
            return known
        for on in new.depends_on:
            await self.reading.item(on)
        home = self.vocabulary.home(new.queue)

        async def file(status: str) -> Item:
            sent = clickup_tasks.body(new, status)
            return await self.client.send("POST", f"/v2/list/{home}/task", sent, f"list {home}", Item)

        filed = await self._spelled(new.status, home, file)
        if new.marker:
            self.keepsakes.put(MARKED, new.marker, filed.id)
        for on in new.depends_on:
            await self._link(filed.id, on)
        return await self.reading.task(filed.id)

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        item = await self.reading.item(task)
        await self.reading.spelled(status, item.list.id)
        if queue is not None:
            await self._requeue(item, queue)
        await self._spelled(status, item.list.id, lambda spelled: self._put(item, spelled))
        self.keepsakes.forget(CLOSED, task)

    async def close(self, task: str, reason: str, status: str) -> None:
        item = await self.reading.item(task)
        await self.reading.spelled(status, item.list.id)
        await self._say_once(task, f"closed/{_short(f'{status} {reason}')}", f"Closed: {reason}")

        async def end(spelled: str) -> None:
            self.keepsakes.put(CLOSED, task, f"{spelled}\n{reason}")
            await self._put(item, spelled)

        await self._spelled(status, item.list.id, end)

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        await check_no_circle(task, on, self._waits_for)
        waits_for = await self._waits_for(task)
        if on not in waits_for:
            await self._link(task, on)
        if instead_of in waits_for:
            path = f"/v2/task/{task}/dependency?depends_on={instead_of}"
            await self.client.send("DELETE", path, None, f"task {task}")

    async def _waiting(self, queue: Queue) -> list[Item]:
        """Open tasks of the queue in its input status, in its own list and, by their tag, in the main one."""
        word, home = self._rules.status(queue), self.vocabulary.home(queue)
        status = await self.reading.spelled(word, home)
        tag = [("tags[]", queue.value)] if queue is not Queue.DEPLOY else []
        is_own = home != self.vocabulary.list
        items = await self.reading.items(home, [("statuses[]", status), *([] if is_own else tag)])
        if is_own:
            elsewhere = await self.reading.spelled(word, self.vocabulary.list)
            items += await self.reading.items(self.vocabulary.list, [("statuses[]", elsewhere), *tag])
        return [one for one in items if self.vocabulary.queue(one) is queue]

    async def _is_free(self, item: Item, known: dict[str, bool]) -> bool:
        """Whether everything that it waits for came to a good end."""
        for id in item.waits_for:
            if id not in known:
                known[id] = await self._succeeded(id)
        return all(known[id] for id in item.waits_for)

    async def _succeeded(self, id: str) -> bool:
        try:
            task = await self.reading.task(id)
        except (UnknownTask, AccessDenied):  # nobody can say
            return False
        return task.is_closed and self._rules.is_success(task.status, task.closed_reason or "")

    async def _look_for_filed(self) -> None:
        """Remember the markers of what we filed since the last look: also where we crashed right after it."""
        for shelf in self.reading.shelves:
            since = int(self.keepsakes.of(FILED, [shelf]).get(shelf, LATE)) - LATE
            asked = (("tags[]", OURS), ("include_closed", "true"), ("date_created_gt", since))
            items = await self.reading.items(shelf, asked)
            marked = {marker: one.id for one in reversed(items) if (marker := clickup_tasks.marker(one))}
            self.keepsakes.first(MARKED, marked)
            if items:
                self.keepsakes.put(FILED, shelf, str(max(one.date_created for one in items)))

    async def _say_once(self, task: str, key: str, text: str) -> None:
        marker = f"<!-- orchestrate:{key} -->"
        if not any(marker in one.text and one.author == self.bot for one in await self.comments(task)):
            await self.comment(task, f"{text}\n\n{marker}")

    async def _put(self, item: Item, status: str) -> None:
        await self.client.send("PUT", f"/v2/task/{item.id}", {"status": status}, f"task {item.id}")

    async def _spelled(self, word: str, shelf: str, act: Callable[[str], Awaitable[T]]) -> T:
        """Do it with the list's spelling of a status; where it was renamed meanwhile, with the new one."""
        spelled = await self.reading.spelled(word, shelf)
        try:
            return await act(spelled)
        except (Unreachable, AccessDenied):
            raise
        except OutsideFailed:
            again = await self.reading.spelled(word, shelf, is_new=True)
            if again == spelled:
                raise
            return await act(again)

    async def _requeue(self, item: Item, queue: Queue) -> None:
        """The queue's tag instead of another one's."""
        tags = {one.name.casefold(): one.name for one in item.tags}
        is_elsewhere = item.list.id in self.vocabulary.lists.values()
        wanted = {queue.value} if queue is not Queue.DEPLOY or is_elsewhere else set[str]()
        for other in Queue:
            if other.value in tags and other.value not in wanted:
                path = f"/v2/task/{item.id}/tag/{quote(tags[other.value], safe='')}"
                await self.client.send("DELETE", path, None, f"task {item.id}")
        for name in wanted - tags.keys():
            await self.client.send("POST", f"/v2/task/{item.id}/tag/{name}", None, f"task {item.id}")

    async def _link(self, task: str, on: str) -> None:
        check_id(on)
        sent = {"depends_on": on}
        await self.client.send("POST", f"/v2/task/{task}/dependency", sent, f"task {task}")

    async def _waits_for(self, task: str) -> tuple[str, ...]:
        return (await self.reading.item(task)).waits_for


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
