"""What tests of Slack share: a shop whose approvals are asked for there, served on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from orchestrate.app import App, assembled
from orchestrate.models.deployment import Deployment, Request
from orchestrate.settings import load
from orchestrate.slack.listening import PATH
from orchestrate.slack.serving import Slack, slack_of
from orchestrate.worker import Serving
from tests.orchestrate.cli.world import Shop, stop_all_below
from tests.servers.ports import free_port
from tests.servers.slack import (
    ADA,
    APP,
    APP_TOKEN,
    CHANNEL,
    ROB,
    SECRET,
    TOKEN,
    FakeSlack,
    Json,
    signed,
    slack,
)

SECTION = """
slack:
  channel: {channel}
  api: {api}
  app: {app}
  port: {port}
  token: ${{SLACK_BOT_TOKEN}}
  {way_in}
"""
SIGNED, SOCKET = "signing_secret: ${SLACK_SIGNING_SECRET}", "app_token: ${SLACK_APP_TOKEN}"


@dataclass
class Scene:
    """A shop, its Slack, and what listens between them."""

    fake: FakeSlack
    shop: Shop
    app: App
    served: Slack
    said: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.slack.port}{PATH}"

    async def send(self, body: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """What a request is answered with."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._posted(body, form | (signed(body) if headers is None else headers))

    async def press(self, payload: Json) -> tuple[int, str]:
        """A button is pressed."""
        return await self.send(urlencode({"payload": json.dumps(payload)}))

    async def event(self, payload: Json, **headers: str) -> tuple[int, str]:
        """Something happened in the workspace."""
        body = json.dumps(payload)
        return await self._posted(body, {"Content-Type": "application/json", **signed(body), **headers})

    async def _posted(self, body: str, headers: dict[str, str]) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    async def until(self, condition: Callable[[], object], seconds: float = 15) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    def rows(self) -> tuple[Deployment, ...]:
        return self.app.store.deployments.latest()

    def told(self, user: str = ADA) -> list[str]:
        """What was said to one person alone."""
        return [str(one["text"]) for one in self.fake.ephemeral if one["user"] == user]

    async def asked(self) -> tuple[str, str, str]:
        """A deployment that waits for an approval: its id, the question's, and the card's."""
        version = (await self.app.forge.version("main")).commit
        row = self.app.intake.accept(Request(environment="test", version=version, requested_by="rob"))
        await self.drive(lambda: self.app.store.questions.unanswered())
        (question,) = self.app.store.questions.unanswered()
        await self.until(lambda: self.fake.posted(f"question/{question.id}"))
        return row.id, question.id, str(self.fake.posted(f"question/{question.id}")[0]["ts"])

    async def drive(self, until: Callable[[], object], seconds: float = 30) -> None:
        """A worker works until it is so."""
        stop = asyncio.Event()
        async with assembled(self.app.settings) as app:
            working = asyncio.create_task(Serving(app=app).serve(stop))
            try:
                await self.until(until, seconds)
            finally:
                stop.set()
                await working


@asynccontextmanager
async def scene(folder: Path, way_in: str = SIGNED) -> AsyncGenerator[Scene]:
    """A shop that asks Ada, served."""
    async with slack() as fake:
        shop = Shop(
            folder, rules="requires_approval: true\n    approvers: [ada]\n    authors_may_approve: true"
        )
        text = shop.settings.read_text().replace("ada: {", f"rob: {{slack: {ROB}}}\n  ada: {{slack: {ADA}, ")
        more = SECTION.format(channel=CHANNEL, api=fake.api, app=APP, port=free_port(), way_in=way_in)
        shop.settings.write_text(text + more)
        settings, said = load(shop.settings), list[str]()
        async with assembled(settings) as app:
            served = slack_of(settings, said.append)
            stop = asyncio.Event()
            serving = asyncio.create_task(served.serve(stop))
            made = Scene(fake, shop, app, served, said)
            await made.until(lambda: said or serving.done())
            try:
                yield made
            finally:
                stop.set()
                await serving
                stop_all_below(folder)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)


@pytest.fixture
async def here(tmp_path: Path, keys: None) -> AsyncGenerator[Scene]:
    async with scene(tmp_path) as made:
        yield made
