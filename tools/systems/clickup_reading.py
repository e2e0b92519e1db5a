"""Reading ClickUp: lists with their statuses, tasks in pages of a hundred, and who we are there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from orchestrate.errors import AccessDenied, NotFound, UnknownTask
from orchestrate.models.task import Queue, Task
from orchestrate.store.keepsakes import Keepsakes
from tools.systems import clickup_tasks
from tools.systems.clickup_answers import Item, Me, Page, Shelf, Teams, Webhook, Webhooks
from tools.systems.clickup_client import LET_IN, Client, Query
from tools.systems.clickup_names import TaskName, task_named
from tools.systems.clickup_tasks import Vocabulary

PER_PAGE = 100
SHELF_SECONDS = 300.0
"""How long a list's statuses are believed; one that is not among them is looked for again at once."""
CLOSED = "clickup/closed"
_MARKDOWN: Query = (("include_markdown_description", "true"),)
_WHOLE: Query = (*_MARKDOWN, ("subtasks", "true"), ("include_timl", "true"))


@dataclass
class Reading:
    """Reads tasks as ours."""

    client: Client
    keepsakes: Keepsakes
    vocabulary: Vocabulary
    bot: str
    _me: str = ""
    _shelves: dict[str, tuple[float, Shelf]] = field(default_factory=dict[str, tuple[float, Shelf]])

    async def me(self) -> str:
        """The id of the account whose token it is."""
        if not self._me:
            self._me = (await self.client.ask("GET", "/v2/user", Me, "the token's user")).user.id
        return self._me

    async def members(self) -> dict[str, str]:
        """Everybody in the token's workspaces: the name by the id."""
        teams = (await self.client.ask("GET", "/v2/team", Teams, "the workspaces")).teams
        return {one.user.id: one.user.username or "" for team in teams for one in team.members}

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Those that the token's user made, in all of its workspaces."""
        teams = (await self.client.ask("GET", "/v2/team", Teams, "the workspaces")).teams
        found = [
            await self.client.ask("GET", f"/v2/team/{one.id}/webhook", Webhooks, "the webhooks")
            for one in teams
        ]
        return tuple(one for several in found for one in several.webhooks)

    async def item(self, id: str) -> Item:
        """One task as it is; by a custom id or an address too. Raises UnknownTask."""
        named = task_named(id)
        for team in await self._workspaces(named):
            query = (*_MARKDOWN, *((("custom_task_ids", "true"), ("team_id", team)) if team else ()))
            try:
                return await self.client.ask("GET", f"/v2/task/{named.name}", Item, f"task {id}", query)
            except NotFound:
                continue
        raise UnknownTask(id)

    async def _workspaces(self, named: TaskName) -> tuple[str, ...]:
        """Where a custom id may be known; an id of ClickUp's own needs no workspace."""
        if not named.is_custom:
            return ("",)
        if named.team:
            return (named.team,)
        teams = await self.client.ask("GET", "/v2/team", Teams, "the workspaces")
        return tuple(one.id for one in teams.teams)

    async def tasks(self, items: Sequence[Item]) -> tuple[Task, ...]:
        """The same as ours."""
        me = await self.me()
        kept = self.keepsakes.of(CLOSED, [one.id for one in items])
        return tuple(
            clickup_tasks.read(one, self.vocabulary, closed_as(one, kept.get(one.id)), self.bot, me)
            for one in items
        )

    async def task(self, id: str) -> Task:
        """One task as ours, by any of its names. Raises UnknownTask."""
        return (await self.tasks([await self.item(id)]))[0]

    async def items(self, shelf: str, query: Iterable[tuple[str, str | int]] = ()) -> list[Item]:
        """All tasks of a list that `query` asks for, page after page."""
        found: dict[str, Item] = {}
        number = 0
        while True:
            asked = (*_WHOLE, *query, ("page", number))
            page = await self._listed(shelf, asked)
            found |= {one.id: one for one in page.tasks}
            is_last = page.last_page if page.last_page is not None else len(page.tasks) < PER_PAGE
            if is_last or not page.tasks:
                return list(found.values())
            number += 1

    async def touched(self, since: int) -> tuple[str, ...]:
        """The tasks of all our lists that were touched after `since` (ms)."""
        asked = (("include_closed", "true"), ("order_by", "updated"), ("date_updated_gt", since))
        found = [await self.items(shelf, asked) for shelf in self.shelves]
        return tuple(one.id for items in found for one in items)

    @property
    def shelves(self) -> tuple[str, ...]:
        """The lists that we read."""
        return tuple(dict.fromkeys(self.vocabulary.home(queue) for queue in Queue))

    async def shelf(self, id: str, *, is_new: bool = False) -> Shelf:
        """A list with its statuses. Raises AccessDenied where it is gone, or not ours to see."""
        at, known = self._shelves.get(id, (0.0, None))
        if known is not None and not is_new and time.monotonic() - at < SHELF_SECONDS:
            return known
        try:
            found = await self.client.ask("GET", f"/v2/list/{id}", Shelf, f"list {id}")
        except NotFound:
            raise _gone(id) from None
        self._shelves[id] = (time.monotonic(), found)
        return found

    async def spelled(self, word: str, shelf: str, *, is_new: bool = False) -> str:
        """The list's own spelling of our word for a status. Raises OutsideFailed where it has none."""
        found = await self.shelf(shelf, is_new=is_new)
        if self.vocabulary.has(word, found):
            return self.vocabulary.spelled(word, found)
        return self.vocabulary.spelled(word, await self.shelf(shelf, is_new=True))

    async def _listed(self, shelf: str, query: Query) -> Page:
        try:
            return await self.client.ask("GET", f"/v2/list/{shelf}/task", Page, f"list {shelf}", query)
        except NotFound:
            raise _gone(shelf) from None


def closed_as(item: Item, kept: str | None) -> str | None:
    """Why a task is closed, as it was said when we closed it in this status; None while it is open."""
    status, _, reason = (kept or "").partition("\n")
    if kept is not None and status == item.status.status:
        return reason
    return f"closed as {item.status.status}" if item.status.is_end else None


def _gone(shelf: str) -> AccessDenied:
    return AccessDenied(f"ClickUp has no list {shelf} (any more)", cure=LET_IN)
