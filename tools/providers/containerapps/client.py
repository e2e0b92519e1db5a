"""Client: an app of Azure Container Apps and its revisions, and the wait until they show what was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from orchestrate.errors import (
    AnswerLost,
    ChangedMeanwhile,
    OutsideFailed,
    Unreachable,
)
from orchestrate.models.environment import Component
from tools.providers.containerapps.answers import (
    App,
    LogTokenAnswer,
    Operation,
    Replica,
    Replicas,
    Revision,
    Revisions,
)
from tools.providers.containerapps.objects import app_name, containerapps_of
from tools.systems.room import not_started
from tools.systems.shown import Habits, Seen
from tools.systems.web_api import Absent, Json, WebApi

LINES = 300  # of one replica that can be asked for, as az containerapp logs show has it
REPLICAS = 5  # the newest of a revision, whose logs are read
VERSION = (("api-version", "2024-03-01"),)
PLACES = ("azure-asyncoperation", "location")
"""Headers that say where the end of something is asked for, the better one first."""

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Client:
    """Asks about one component's app."""

    api: WebApi
    component: Component
    habits: Habits

    @property
    def path(self) -> str:
        own = containerapps_of(self.component)
        place = f"/subscriptions/{own.subscription}/resourceGroups/{quote(own.group, safe='()')}"
        return f"{place}/providers/Microsoft.App/containerApps/{app_name(self.component)}"

    @property
    def what(self) -> str:
        own = containerapps_of(self.component)
        return f"the container app {app_name(self.component)} in {own.group}"

    async def app(self) -> App:
        """Raises Absent where there is none, or none that we may see, and what WebApi.read raises."""
        return await self._read(App, "", self.what)

    async def revision(self, name: str) -> Revision | None:
        try:
            return await self._read(Revision, f"/revisions/{name}", f"the revision {name}")
        except Absent:
            return None

    async def revisions(self) -> tuple[Revision, ...]:
        """All of them, the inactive ones as well."""
        what = f"the revisions of {self.what}"
        page = await self._read(Revisions, "/revisions", what)
        found = list(page.value)
        while where := self._ours(page.next_link or ""):
            page = await self.api.read(Revisions, where, what)
            found += page.value
        return tuple(found)

    async def replicas(self, revision: str) -> tuple[Replica, ...]:
        where = f"/revisions/{revision}/replicas"
        return (await self._read(Replicas, where, f"the replicas of {revision}")).value

    async def lines(self, revision: str, count: int) -> tuple[str, ...]:
        """The newest lines of the revision's replicas, of each its share. Raises as WebApi.elsewhere."""
        what = f"the log of {revision}"
        replicas = sorted(await self.replicas(revision), key=lambda one: one.facts.created_time)[-REPLICAS:]
        urls = [one.log_at(containerapps_of(self.component).container) for one in replicas]
        if not any(urls):
            if replicas:
                raise Unreachable(f"Azure names no address of {what}")
            return ()
        where = f"{self.path}/getAuthtoken"
        token = (await self.api.read(LogTokenAnswer, where, what, VERSION, body={})).facts.token
        share = min(max(1, count // len(urls)), LINES)
        query = urlencode({"follow": "false", "output": "text", "tailLines": share})
        proof = {"authorization": f"Bearer {token}"}
        texts = [
            await self.api.elsewhere(f"{url.partition('?')[0]}?{query}", what, proof) for url in urls if url
        ]
        return tuple(line for text in texts for line in text.splitlines())[-count:]

    async def patch(self, app: App, properties: Json, shown: Seen) -> None:
        """Change the app as it was read. Raises ChangedMeanwhile, StartFailed, OutcomeUnknown.

        Azure takes a change of what has become something else: what is looked at is looked at once more.
        """
        if (await self.app()).stamp != app.stamp:
            raise ChangedMeanwhile(f"somebody else changed {self.what}{await self._by_whom()}")

        async def is_so() -> bool:
            return await shown() and (not stamped or (await self.app()).stamp != app.stamp)

        stamped = app.system_data.last_modified_at

        body: Json = {"location": app.location, "properties": properties}
        await self._done("PATCH", "", body, is_so)

    async def switch(self, revision: str, is_on: bool) -> None:
        """Have a revision active, or not. Raises as `patch`."""

        async def is_so() -> bool:
            found = await self.revision(revision)
            return found.facts.active == is_on if found else not is_on

        await self._done(
            "POST", f"/revisions/{revision}/{'activate' if is_on else 'deactivate'}", None, is_so
        )

    async def is_idle(self) -> bool:
        """Whether nothing is being done to the app."""
        return (await self._operation("")).is_over

    async def _done(self, verb: str, below: str, body: object, shown: Seen) -> None:
        """Write once, and return when the world shows it; a lost answer is read back, never sent again."""
        try:
            headers = await self.api.begin(verb, f"{self.path}{below}", self.what, body, VERSION)
        except ChangedMeanwhile as other:
            raise ChangedMeanwhile(f"{other}{await self._by_whom()}") from other
        except AnswerLost as lost:
            await self._ended("")
            await self.habits.read_back(lost, shown)
            return
        where = next((headers[name] for name in PLACES if name in headers), "")
        problem = await self._ended(self._ours(where))
        if await self.habits.within(0 if problem else self.habits.shown, shown):
            return
        said = problem or f"not to be seen after {self.habits.shown:.0f} s"
        raise not_started(f"Azure did not do what was asked of {self.what}{await self._by_whom()}: {said}")

    async def _ended(self, where: str) -> str:
        """Wait until the operation at `where`, or whatever the app is at, is over; what went wrong, or ''."""
        while True:
            operation = await self._operation(where)
            if operation.is_over:
                return operation.problem if where else ""
            await asyncio.sleep(self.habits.again)

    async def _operation(self, where: str) -> Operation:
        if where:
            try:
                return await self.api.read(Operation, where, f"what is done to {self.what}")
            except Absent:
                pass  # it is forgotten; the app knows how it ended
        return await self._read(Operation, "", self.what)

    async def _read(self, form: type[T], below: str, what: str) -> T:
        return await self.api.read(form, f"{self.path}{below}", what, VERSION)

    def _ours(self, url: str) -> str:
        """The path of an address that Azure names; '' for another host, which is not shown our token."""
        root = self.api.url.rstrip("/")
        return url.removeprefix(root) if url.startswith(f"{root}/") else ""

    async def _by_whom(self) -> str:
        try:
            by = (await self.app()).system_data.last_modified_by
        except OutsideFailed:
            return ""
        return f"; it was last changed by {by}" if by else ""
