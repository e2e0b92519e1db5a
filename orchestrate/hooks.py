"""Hooks: the address at which a worker hears webhooks, and all that they can do: make it look at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from aiohttp import web

from orchestrate.app import App
from orchestrate.errors import OrchestrateError
from orchestrate.models.deployment import ForChecks, Status
from orchestrate.models.secret import Secret
from orchestrate.settings import Settings
from orchestrate.settings.facts import WebhookSettings
from orchestrate.sites import served
from orchestrate.store import Store
from orchestrate.vault import vault_of
from orchestrate.webhooks import MOST_BYTES, SOURCES, Hooks
from tools.systems.clickup import ClickUpTracker

READ_SECONDS = 10.0
"""Seconds in which a body must have come."""
LEAST_SECONDS = 1.0
"""Between two looks, however many webhooks come."""

Say = Callable[[str], None]
Wake = Callable[[str], None]
"""Told the task that an event is about, or ''."""


def path_of(source: str) -> str:
    """Where a source's webhooks go."""
    return f"/webhooks/{source}"


@dataclass
class Bell:
    """Rung by whatever is a reason to look sooner; what rings it is believed nothing else."""

    app: App
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self, task: str) -> None:
        """Look at once: for work, for checks, and at the thread of `task`, where one is named."""
        if task and isinstance(self.app.tracker, ClickUpTracker):
            self.app.tracker.listening.wake(task)
        self._rung.set()

    async def rest(self, seconds: float) -> bool:
        """Wait for so long, or until it rings; whether it did."""
        await asyncio.sleep(min(LEAST_SECONDS, seconds))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), max(0.0, seconds - LEAST_SECONDS))
        has_rung = self._rung.is_set()
        self._rung.clear()
        return has_rung

    def waiting(self) -> Sequence[str]:
        """The deployments that wait for checks or reviews, due at once."""
        rows = self.app.store.deployments.latest(status=Status.WAITING, limit=200)
        found = [one.id for one in rows if isinstance(one.waits_for, ForChecks)]
        for deployment in found:
            self.app.store.deployments.wake(deployment)
        return found


async def listen(app: App, bell: Bell, say: Say) -> None:
    """Hear webhooks for as long as the worker serves; where that cannot be, polling finds everything too."""
    settings = app.settings.webhooks
    if settings is None:
        return
    try:
        secrets = secrets_of(app.settings, app.store)
        async with heard(settings, secrets, bell.ring) as port:
            paths = ", ".join(path_of(name) for name in secrets)
            say(f"webhooks are heard at http://{settings.host}:{port} ({paths})")
            await asyncio.Event().wait()
    except OrchestrateError as problem:
        say(f"webhooks are not heard here, polling finds everything too: {problem}")


def secrets_of(settings: Settings, store: Store) -> Mapping[str, Secret]:
    """Each source's secret. Raises VariableMissing, and what the vault raises."""
    kept = vault_of(settings, store).secret
    names = {one.name: f"{one.name}_secret" for one in SOURCES}
    return {
        source: settings.key_of_webhooks(name, kept)
        for source, name in names.items()
        if name in settings.webhook_keys
    }


@asynccontextmanager
async def heard(settings: WebhookSettings, secrets: Mapping[str, Secret], wake: Wake) -> AsyncGenerator[int]:
    """Listen for the sources that have a secret; gives the port. Raises PortTaken, OutsideFailed."""
    site = web.Application(client_max_size=MOST_BYTES)
    for source in SOURCES:
        if source.name in secrets:
            hooks = Hooks(source, secrets[source.name].reveal(), wake)
            site.router.add_post(path_of(source.name), partial(_answer, hooks))
    async with served(site, settings.host, settings.port) as port:
        yield port


async def _answer(hooks: Hooks, request: web.Request) -> web.Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    refused = hooks.refusal(headers)
    if refused is not None:
        return _said(refused)
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await request.read()
    except TimeoutError:
        return _said(HTTPStatus.REQUEST_TIMEOUT)
    return _said(hooks.heard(headers, body))


def _said(status: HTTPStatus) -> web.Response:
    """Who sends learns nothing but the status."""
    return web.Response(status=status, headers={} if status is HTTPStatus.OK else {"Connection": "close"})
