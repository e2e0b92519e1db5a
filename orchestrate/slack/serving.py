"""Serving: Slack is listened to and told, until somebody stops it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from orchestrate.app import App, open_store
from orchestrate.errors import SettingsInvalid
from orchestrate.models.secret import Secret
from orchestrate.settings import Settings
from orchestrate.settings.facts import SlackSettings
from orchestrate.settings.slack import APP_TOKEN, SIGNING_SECRET, TOKEN
from orchestrate.slack.desk import Desk, Say
from orchestrate.slack.listening import PATH, Ears, connected, listener, served
from orchestrate.vault import vault_of
from tools.systems.slack import SlackChat

EXAMPLE = "slack: {channel: C02AB3CD4, token: ${SLACK_BOT_TOKEN}, signing_secret: ${SLACK_SIGNING_SECRET}}"


@dataclass(frozen=True)
class Keys:
    """What lets us in, or Slack to us."""

    token: Secret
    signing_secret: Secret | None = None
    app_token: Secret | None = None


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Serves one channel."""

    settings: Settings
    slack: SlackSettings
    keys: Keys
    say: Say
    halt: threading.Event = field(default_factory=threading.Event)

    def chat(self, app: App | None = None) -> SlackChat:  # noqa: ARG002  the desk asks with its own
        """Our channel."""
        return SlackChat(self.keys.token, self.slack.channel, self.slack.api)

    async def serve(self, stop: asyncio.Event) -> None:
        """Listen and tell until told to stop; what was said before is done first.

        Raises AccessDenied where Slack does not know us, Unreachable, and StoreUnusable.
        """
        us = await self.chat().workspace()
        desk = Desk(settings=self.settings, chat=self.chat, say=self.say)
        signing_secret = self.keys.signing_secret or Secret("")
        app = listener(self.slack, self.keys.token, signing_secret, us, desk.take)
        async with asyncio.TaskGroup() as both:
            working = both.create_task(asyncio.to_thread(desk.run, self.halt))
            both.create_task(self._listen(app, stop))
            working.add_done_callback(lambda _: stop.set())

    async def _listen(self, app: Ears, stop: asyncio.Event) -> None:
        try:
            async with self._way_in(app) as where:
                self.say(where)
                await stop.wait()
        finally:
            self.halt.set()

    @asynccontextmanager
    async def _way_in(self, app: Ears) -> AsyncGenerator[str]:
        if self.keys.app_token is not None:
            async with connected(app, self.keys.app_token):
                yield "connected to Slack (socket mode)"
            return
        async with served(app, self.slack.host, self.slack.port) as port:
            yield f"Slack is listened to at http://{self.slack.host}:{port}{PATH}"


def slack_of(settings: Settings, say: Say) -> Slack:
    """What serves their channel. Raises SettingsInvalid, VariableMissing, and what the vault raises."""
    if settings.slack is None:
        raise SettingsInvalid(str(settings.path), None, "slack: there is no such section", cure=EXAMPLE)
    return Slack(settings=settings, slack=settings.slack, keys=_keys(settings), say=say)


def _keys(settings: Settings) -> Keys:
    store = open_store(settings)
    try:
        kept = vault_of(settings, store).secret
        found = {name: settings.key_of_slack(name, kept) for name in settings.slack_keys}
    finally:
        store.close()
    return Keys(found[TOKEN], found.get(SIGNING_SECRET), found.get(APP_TOKEN))
