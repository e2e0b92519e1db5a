"""What tests of the counter share: a world with staging and production, and a clerk in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agents.assistant import Assistant
from orchestrate.app import App
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.reply import Reply
from orchestrate.identity import Identity
from orchestrate.models.environment import Channel
from orchestrate.settings import load
from tests.stories.places import person, quick, staging
from tests.stories.world import World, world

SETTINGS = """
service: shop
people: {ada: {roles: [approver]}, mira: {}, rob: {}}
environments:
  staging: {type: staging, components: [{name: web, run: [serve], port: 8081}]}
  production: {type: production, approvers: [ada], components: [{name: web, run: [serve], port: 8080}]}
"""


@dataclass(frozen=True)
class Counter:
    """The clerk, and the world that it works in."""

    world: World
    clerk: Clerk

    async def says(self, text: str, who: str = "ada", channel: Channel = Channel.SLACK) -> Reply:
        """What somebody is answered."""
        return await self.clerk.answer(text, Identity(who, person(channel, who), channel))


def app_of(here: World, folder: Path, settings: str = SETTINGS) -> App:
    """The product, as far as a clerk uses it, with everything outside in memory."""
    file = folder / "orchestrate.yaml"
    file.write_text(settings)
    parts = {name: getattr(here, name) for name in ("store", "intake", "answers", "crew", "forge", "tracker")}
    return cast(App, SimpleNamespace(settings=load(file), assistant=Assistant(here.model), **parts))


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncGenerator[Counter]:
    async with world(tmp_path, staging(tmp_path), quick(tmp_path)) as here:
        yield Counter(here, Clerk(app_of(here, tmp_path)))
