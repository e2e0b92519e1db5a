"""Client: Cloud Run's services, revisions and operations, and the wait until it shows what was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orchestrate.errors import AnswerLost, ChangedMeanwhile
from orchestrate.models.environment import Component
from tools.providers.cloudrun.answers import Operation, Revision, Service
from tools.providers.cloudrun.objects import parent_of, service_name
from tools.providers.cloudrun.shares import sent
from tools.providers.revisions import Parts
from tools.systems.room import not_started
from tools.systems.shown import Habits, Seen
from tools.systems.web_api import Absent, Json, WebApi


@dataclass(frozen=True)
class Client:
    """Asks about one component's service."""

    api: WebApi
    component: Component
    habits: Habits

    @property
    def name(self) -> str:
        return f"{parent_of(self.component)}/services/{service_name(self.component)}"

    async def service(self) -> Service | None:
        """The service; None where there is none yet. Raises what WebApi.read raises."""
        try:
            return await self.api.read(Service, f"/v2/{self.name}", f"the service {self.name}")
        except Absent:
            return None

    async def revision(self, name: str) -> Revision | None:
        try:
            where = f"/v2/{self.name}/revisions/{name}"
            return await self.api.read(Revision, where, f"the revision {name}")
        except Absent:
            return None

    async def create(self, template: Json, shown: Seen) -> None:
        """Make the service with its first revision; the traffic goes to that as soon as it is ready."""
        path = f"/v2/{parent_of(self.component)}/services"
        query = (("serviceId", service_name(self.component)),)
        await self._done("POST", path, {"template": template}, query, self._by_both(shown, ""))

    async def renew(self, service: Service, template: Json, parts: Parts, shown: Seen) -> None:
        """Have a revision made of `template`; the traffic stays by the names of its revisions.

        Raises ChangedMeanwhile, StartFailed, OutcomeUnknown.
        """
        told = {"template": template, "traffic": sent(parts), "etag": service.etag}
        query = (("updateMask", "template,traffic"),)
        seen = self._by_both(shown, service.etag)
        await self._done("PATCH", f"/v2/{self.name}", {"name": self.name, **told}, query, seen)

    async def share(self, service: Service, parts: Parts, shown: Seen) -> None:
        """Share the traffic as `parts` say. Raises as `renew`."""
        told: Json = {"traffic": sent(parts), "etag": service.etag}
        query = (("updateMask", "traffic"),)
        await self._done("PATCH", f"/v2/{self.name}", {"name": self.name, **told}, query, shown)

    async def until(self, shown: Seen) -> None:
        """Return when it is so; the move's own time is the limit."""
        while not await shown():  # noqa: ASYNC110  it is the world that changes
            await asyncio.sleep(self.habits.again)

    async def delete(self) -> None:
        """Remove the service and all of its revisions; one that is not there is removed."""

        async def is_gone() -> bool:
            return await self.service() is None

        try:
            await self._done("DELETE", f"/v2/{self.name}", None, (), is_gone)
        except Absent:
            return

    async def _done(  # noqa: PLR0913  the parts of a request
        self, verb: str, path: str, body: object, query: tuple[tuple[str, str], ...], shown: Seen
    ) -> None:
        """Write once, and return when the world shows it; a lost answer is read back, never sent again."""
        what = f"the service {self.name}"
        try:
            operation = await self.api.write(Operation, verb, path, what, body, query)
        except ChangedMeanwhile as other:
            raise ChangedMeanwhile(f"{other}{await self._by_whom()}") from other
        except AnswerLost as lost:
            await self.habits.read_back(lost, shown)
            return
        operation = await self._ended(operation, shown)
        is_bad = operation.error is not None
        if await self.habits.within(0 if is_bad else self.habits.shown, shown):
            return
        said = (
            operation.error.message if operation.error else f"not to be seen after {self.habits.shown:.0f} s"
        )
        raise not_started(f"Cloud Run did not do what was asked of {self.name}: {said}")

    def _by_both(self, shown: Seen, before: str) -> Seen:
        """The service has to show it, too: one that is read as it was has an etag of yesterday."""

        async def is_so() -> bool:
            if not await shown():
                return False
            now = await self.service()
            return now is not None and now.etag != before

        return is_so

    async def _by_whom(self) -> str:
        found = await self.service()
        return f"; it was {found.last_modifier}" if found and found.last_modifier else ""

    async def _ended(self, operation: Operation, shown: Seen) -> Operation:
        """The operation when it is over, or what was asked is there; the move's own time is the limit."""
        while not operation.done and not await shown():
            await asyncio.sleep(self.habits.again)
            path = f"/v2/{operation.name}"
            operation = await self.api.read(Operation, path, f"the operation {operation.name}")
        return operation
