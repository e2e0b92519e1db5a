"""Webhooks: whether their secrets are there, whether a worker hears them, and whether they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.cli.doctor.github import sent
from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.hooks import path_of, secrets_of
from orchestrate.models.secret import Secret
from orchestrate.settings.facts import WebhookSettings
from orchestrate.webhooks import CLICKUP, GITHUB
from tools.fetch import Ask, fetch
from tools.systems.clickup import ClickUpTracker
from tools.systems.github_forge import GithubForge

LEAST_SECRET = 32
"""Characters of a secret that cannot be guessed."""


async def webhooks(app: App) -> AsyncIterator[Finding]:
    """One line for the secrets, the port, the address and each registration; none where none are heard."""
    said = app.settings.webhooks
    if said is None:
        return
    try:
        secrets = secrets_of(app.settings, app.store)
    except OrchestrateError as problem:
        yield failed("webhooks", problem)
        return
    yield _secrets(secrets)
    yield await _port(said, next(iter(secrets)))
    if said.url:
        yield await _address(said, next(iter(secrets)))
    if CLICKUP.name in secrets and isinstance(app.tracker, ClickUpTracker):
        yield await _registered(app.tracker, said, secrets[CLICKUP.name])
    if GITHUB.name in secrets and isinstance(app.forge, GithubForge):
        yield await sent(app.forge, said, path_of(GITHUB.name))


def _secrets(secrets: Mapping[str, Secret]) -> Finding:
    short = [name for name, one in secrets.items() if len(one.reveal()) < LEAST_SECRET]
    if short:
        said = f"the secret of {', '.join(short)} has less than {LEAST_SECRET} characters"
        return doubtful("webhooks", said, "make another: openssl rand -hex 32")
    return good("webhooks", f"known by their secrets: {', '.join(secrets)}")


async def _port(said: WebhookSettings, source: str) -> Finding:
    where = f"{said.host}:{said.port}"
    try:
        status = await _asked(f"http://{where}{path_of(source)}")
    except Unreachable as problem:
        return doubtful("webhooks port", f"nobody listens: {problem}", "start a worker: orchestrate worker")
    if status != HTTPStatus.UNAUTHORIZED:
        cure = "choose another port in webhooks: {port: …}"
        return bad(
            "webhooks port", f"{where} answers {status}: it is another program's, or of other settings", cure
        )
    return good("webhooks port", f"heard at {where}, and refused without a signature")


async def _address(said: WebhookSettings, source: str) -> Finding:
    cure = f"lead {said.url}{path_of(source)} to {said.host}:{said.port}"
    try:
        status = await _asked(f"{said.url}{path_of(source)}")
    except Unreachable as problem:
        return doubtful("webhooks url", f"it is not reached from here: {problem}", cure)
    if status != HTTPStatus.UNAUTHORIZED:
        return doubtful("webhooks url", f"{said.url} answers {status} to what is not signed, not 401", cure)
    return good("webhooks url", f"{said.url} leads to us")


async def _asked(url: str) -> int:
    """What an unsigned webhook is answered."""
    return (await fetch(Ask(url=url, method="POST", body="{}", seconds=5))).status


async def _registered(at: ClickUpTracker, said: WebhookSettings, secret: Secret) -> Finding:
    what, path = "ClickUp webhook", path_of(CLICKUP.name)
    try:
        found = await at.reading.webhooks()
    except OrchestrateError as problem:
        return failed(what, problem)
    ours = [one for one in found if one.endpoint == f"{said.url}{path}"]
    if not ours:
        where = f"{said.url or 'webhooks: {url: …}'}{path}"
        return doubtful(what, f"none leads to {where}", "make one: docs/webhooks.md")
    (one, *_) = ours
    if one.health.status != "active":
        cure = f"set it active: PUT {at.client.url}/v2/webhook/{one.id}, see docs/webhooks.md"
        return bad(what, f"it is {one.health.status} after {one.health.fail_count} failures", cure)
    if one.secret and one.secret != secret.reveal():
        return bad(
            what, "its secret is another than webhooks: clickup_secret", "take webhook.secret of ClickUp"
        )
    return good(what, f"active, for {', '.join(one.events)}")
