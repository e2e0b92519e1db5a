"""Webhooks over HTTP: a signed one makes the worker look at once, and nothing else does anything."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from orchestrate.app import App, assembled
from orchestrate.hooks import Bell, heard
from orchestrate.models.deployment import ForChecks, Request, Stage
from orchestrate.models.secret import Secret
from orchestrate.models.task import NewTask, Priority, Queue, TaskMetadata
from orchestrate.settings import load
from orchestrate.settings.facts import WebhookSettings
from orchestrate.webhooks import MOST_BYTES
from orchestrate.worker import Serving
from tests.orchestrate.cli.world import Shop
from tests.servers.ports import free_port

SECRET = "s" * 40
BODY = b'{"action": "completed"}'


def signed(body: bytes = BODY, secret: str = SECRET, number: str = "1") -> dict[str, str]:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": number, "X-GitHub-Event": "check_run"}


@dataclass
class Listening:
    """An address at which webhooks are heard, and how often it rang."""

    url: str
    rung: list[str] = field(default_factory=list[str])

    async def post(self, path: str, headers: dict[str, str] | None = None, body: bytes = BODY) -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.url}{path}", content=body, headers=headers or {})
        assert answer.content in (b"", b"404: Not Found", b"405: Method Not Allowed")
        return answer.status_code


@asynccontextmanager
async def listening() -> AsyncGenerator[Listening]:
    rung: list[str] = []
    settings = WebhookSettings.model_construct(host="127.0.0.1", port=0, url="")
    async with heard(settings, {"github": Secret(SECRET), "clickup": Secret(SECRET)}, rung.append) as port:
        yield Listening(f"http://127.0.0.1:{port}", rung)


async def test_only_a_signed_delivery_rings_and_its_repetition_does_not() -> None:
    async with listening() as here:
        assert await here.post("/webhooks/github", signed()) == 200
        assert await here.post("/webhooks/github", signed()) == 200
        assert await here.post("/webhooks/github", signed(secret="another")) == 401
        assert await here.post("/webhooks/github") == 401
        assert await here.post("/webhooks/github", signed(), BODY + b" ") == 401
        assert await here.post("/webhooks/clickup", signed()) == 401
        assert await here.post("/webhooks/gitlab", signed()) == 404
        assert await here.post("/", signed()) == 404

        assert here.rung == [""]


async def test_what_is_too_long_or_says_no_length_is_not_read() -> None:
    async def drops() -> AsyncGenerator[bytes]:
        yield BODY

    async with listening() as here, httpx.AsyncClient(trust_env=False) as client:
        where = f"{here.url}/webhooks/github"
        chunked = await client.post(where, content=drops(), headers=signed())
        long = await client.post(where, content=b" " * (MOST_BYTES + 1), headers=signed())

        assert (chunked.status_code, long.status_code, here.rung) == (411, 413, [])


async def test_a_source_without_a_secret_has_no_place() -> None:
    settings = WebhookSettings.model_construct(host="127.0.0.1", port=0, url="")
    async with heard(settings, {"clickup": Secret(SECRET)}, lambda _: None) as port:
        here = Listening(f"http://127.0.0.1:{port}")

        assert await here.post("/webhooks/github", signed()) == 404


@pytest.fixture
def patient(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose worker looks for work every five minutes, and hears webhooks."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    words = shop.settings.read_text()
    hooks = f"webhooks: {{port: {free_port()}, github_secret: '${{HOOK_SECRET}}'}}\n"
    shop.settings.write_text(f"flow: [test]\nworker: {{poll_interval: 300s}}\n{hooks}{words}")
    return shop


@asynccontextmanager
async def worker(shop: Shop, said: list[str]) -> AsyncGenerator[App]:
    """A worker that has looked for work once already."""
    stop = asyncio.Event()
    async with assembled(load(shop.settings)) as app:
        serving = asyncio.create_task(Serving(app=app, say=said.append).serve(stop))
        await until(lambda: any("webhooks are" in one for one in said))
        await asyncio.sleep(1)
        try:
            yield app
        finally:
            stop.set()
            await serving


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.05)


async def test_a_webhook_has_a_task_picked_up_within_seconds(patient: Shop) -> None:
    said: list[str] = []
    async with worker(patient, said) as app:
        settings = app.settings.webhooks
        assert settings is not None
        new = NewTask(
            title="Ship it",
            description="",
            queue=Queue.DEPLOY,
            status="Ready to Deploy",
            priority=Priority.P2,
            marker="",
            metadata=TaskMetadata(version="main"),
        )
        task = await app.tracker.create(new)
        assert not app.store.deployments.latest(task=task.id)

        assert await Listening(f"http://127.0.0.1:{settings.port}").post("/webhooks/github", signed()) == 200

        await until(lambda: bool(app.store.deployments.latest(task=task.id)))


async def test_what_waits_for_checks_is_looked_at_once_more(patient: Shop) -> None:
    async with assembled(load(patient.settings)) as app:
        row = app.store.deployments.accept(Request(environment="test", requested_by="ada"), "shop", 1)
        lease = app.store.leases.take(row.id, "w", 60)
        assert lease is not None
        app.store.deployments.waits(lease, ForChecks(change="1", until=4e9), 4e9, Stage.WAIT_FOR_CHECKS)
        app.store.leases.release(lease)

        assert Bell(app).waiting() == [row.id]
        assert app.store.deployments.due(app.store.clock()) == (row.id,)


async def test_a_port_that_is_taken_ends_no_worker(patient: Shop) -> None:
    said: list[str] = []
    settings = load(patient.settings).webhooks
    assert settings is not None
    with socket.create_server(("127.0.0.1", settings.port)):
        async with worker(patient, said):
            assert any("not heard here" in one and "is taken" in one for one in said)


async def test_the_address_says_nothing_about_what_it_heard() -> None:
    async with listening() as here, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{here.url}/webhooks/github", content=json.dumps({"x": 1}))

    assert (answer.status_code, answer.content) == (401, b"")
