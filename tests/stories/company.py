"""A company with everything elsewhere: pull requests on GitHub, tasks in ClickUp, people in Slack, and us."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest

from orchestrate.app import assembled
from orchestrate.models.deployment import Deployment
from orchestrate.models.question import Question
from orchestrate.slack.listening import PATH
from orchestrate.slack.serving import slack_of
from orchestrate.worker import Serving
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_world import LIST, Item
from tests.servers.github import Github, github
from tests.servers.github_world import Pull
from tests.servers.github_world import world as github_world
from tests.servers.live import Live, does, environment, opened, written
from tests.servers.ports import free_ports
from tests.servers.slack import ADA, APP, CHANNEL, ROB, SECRET, TOKEN, FakeSlack, Json, press, signed, slack

ROBOT, OF_ADA, OF_BOB = 1, 2, 3
"""Accounts in ClickUp."""

KEYS = {
    "GITHUB_TOKEN": "ghp_of-the-robot",
    "CLICKUP_TOKEN": "pk_1_robot",
    "SLACK_BOT_TOKEN": TOKEN,
    "SLACK_SIGNING_SECRET": SECRET,
}
PATIENCE = 60.0  # seconds
PAUSE = 0.03  # between two requests of the people who use the shop


@dataclass(kw_only=True)
class Company:
    """What people see, press and say there; a worker of ours serves all the while."""

    live: Live
    github: Github
    clickup: ClickUp
    slack: FakeSlack
    door: str  # where Slack reaches us
    said: list[str] = field(default_factory=list[str])

    def propose(self, branch: str, files: Mapping[str, str | None], *, is_ready: bool = True) -> Pull:
        """A pull request of Mira's, reviewed by Bob and green."""
        world = self.github.world
        with world.lock:
            head = world.repository.write(branch, files, f"Work on {branch}", since="main")
            pull = world.open(f"Work on {branch}", branch, "main", author="mira-g")
            if is_ready:
                world.review(pull.number, "bob", "APPROVED")
                world.check("tests", "success", head)
        return pull

    def address(self, pull: Pull) -> str:
        """Where people read the pull request."""
        return f"{self.github.url}/acme/shop/pull/{pull.number}"

    def task(self, name: str, text: str, **given: object) -> Item:
        """A task that waits to be deployed."""
        with self.clickup.world.lock:
            return self.clickup.world.add(
                OF_BOB, LIST, name, status="ready to deploy", markdown=text, **given
            )

    async def question(self, kind: str = "approval") -> Question:
        """The question that is open, once its card is in Slack."""
        store = self.live.app.store

        def found() -> Question | None:
            open_ones = (one for one in store.questions.unanswered() if one.gate_kind.startswith(kind))
            return next((one for one in open_ones if self.slack.posted(f"question/{one.id}")), None)

        await self.until(found)
        question = found()
        assert question is not None
        return question

    async def press(self, question: Question, answer: str = "approved", user: str = ADA) -> None:
        """Somebody presses a button of the question's card."""
        value = json.dumps({"q": question.id, "h": question.plan_hash})
        card = str(self.slack.posted(f"question/{question.id}")[0]["ts"])
        payload = press(value, answer, user=user, at=f"1.{len(self.slack.called)}", card=card)
        assert await self.send(urlencode({"payload": json.dumps(payload)})) == 200

    async def event(self, payload: Json) -> None:
        """Something happened in the workspace."""
        assert await self.send(json.dumps(payload), "application/json") == 200

    async def send(self, body: str, kind: str = "application/x-www-form-urlencoded") -> int:
        """What Slack's request is answered with."""
        headers = {"Content-Type": kind, **signed(body)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.door, data=body, headers=headers) as answer,
        ):
            return answer.status

    async def ended(self, task: str) -> Deployment:
        """The task's deployment, once it has come to its end."""
        deployments = self.live.app.store.deployments
        await self.until(lambda: any(one.outcome for one in deployments.latest(task=task)))
        return deployments.latest(task=task)[0]

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until it is so."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it did not come to that: {self.told()}") from None

    def told(self) -> str:
        """Everything that happened, to be read where a test fails."""
        rows = self.live.app.store.deployments.latest()
        return "\n".join([*(self.live.told(row.id) for row in rows), *self.said, *self.github.wrong])

    def thread(self, task: str) -> list[str]:
        """What we said on the task, oldest first."""
        found = [one for one in reversed(self.clickup.world.thread(task)) if one.by == ROBOT]
        return ["".join(str(run.get("text")) for run in one.runs) for one in found]

    def states(self) -> list[str]:
        """What GitHub's deployments were said to be, oldest first."""
        return [str(one.values["state"]) for one in self.github.world.deployment_statuses]

    def on_the_pull_request(self, pull: Pull) -> list[str]:
        """The titles of what we said there, oldest first."""
        said = [one.values for one in self.github.world.comments if one.of == str(pull.number)]
        return [str(one["body"]).partition("\n")[0].strip("*") for one in said]

    def card(self, deployment: str) -> str:
        """The deployment's message in Slack."""
        return str(self.slack.posted(f"deployment/{deployment}")[0]["text"])


def sections(here: Github, clicks: ClickUp, fake: FakeSlack, port: int) -> dict[str, object]:
    """The settings of all of it."""
    people = {
        "ada": {"cli": "ada", "slack": ADA, "tracker": str(OF_ADA), "forge": "ada-l", "roles": ["approver"]},
        "rob": {"slack": ROB, "tracker": str(OF_BOB), "forge": "bob"},
        "mira": {"forge": "mira-g", "git": "Mira"},
    }
    return {
        "people": people,
        "forge": {
            "kind": "github",
            "repository": "acme/shop",
            "api": here.api,
            "token": "${GITHUB_TOKEN}",
            "base": "main",
            "comments": True,
        },
        "tracker": {"kind": "clickup", "list": LIST, "token": "${CLICKUP_TOKEN}", "api": clicks.url},
        "slack": {
            "channel": CHANNEL,
            "api": fake.api,
            "app": APP,
            "port": port,
            "token": "${SLACK_BOT_TOKEN}",
            "signing_secret": "${SLACK_SIGNING_SECRET}",
        },
    }


@asynccontextmanager
async def company(folder: Path, monkeypatch: pytest.MonkeyPatch, **rules: object) -> AsyncGenerator[Company]:
    """Version one serves, people use it, and a worker and Slack are listening."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    world = github_world(folder / "served")
    world.repository.author = "Mira"
    world.tokens, world.writers = {KEYS["GITHUB_TOKEN"]: "orchestrate[bot]"}, {"bob", "orchestrate[bot]"}
    first = world.repository.write("main", does(), "Version one", mode="100755")
    with github(world, folder / "served") as here, clickup() as clicks:
        async with slack() as fake:
            front, door = free_ports(2)
            places = {"production": environment(front, **rules)}
            file = written(folder, places, **sections(here, clicks, fake, door))
            async with opened(folder, file, here.world.repository, first) as made:
                said: list[str] = []
                address = f"http://127.0.0.1:{door}{PATH}"
                whole = Company(live=made, github=here, clickup=clicks, slack=fake, door=address, said=said)
                async with _served(whole, front):
                    yield whole


@asynccontextmanager
async def _served(whole: Company, port: int) -> AsyncGenerator[None]:
    """A worker, Slack's desk, and people who use the shop."""
    stop, live = asyncio.Event(), whole.live
    listening = asyncio.create_task(slack_of(live.settings, whole.said.append).serve(stop))
    using = asyncio.create_task(_used(port))
    async with assembled(live.settings, live.app.store) as worker:
        working = asyncio.create_task(Serving(app=worker, say=whole.said.append).serve(stop))
        try:
            yield
        finally:
            using.cancel()
            stop.set()
            await asyncio.gather(working, listening)


async def _used(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while True:
            with suppress(httpx.HTTPError):
                await client.get(f"http://127.0.0.1:{port}/")
            await asyncio.sleep(PAUSE)
