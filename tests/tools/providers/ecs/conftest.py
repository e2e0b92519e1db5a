"""A service in an AWS account, and what tests do with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any  # botocore's clients have no types

import pytest

from orchestrate.models.aws import Ecs
from orchestrate.models.move import SetTraffic, Start
from orchestrate.models.runtime import Running
from orchestrate.models.smoke import HealthCheck
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, Site
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.providers.ecs.provider import EcsProvider
from tools.systems import aws

ONE, TWO = version("v1"), version("v2")
START = Start(component="web", slot="blue", version=ONE, instances=1)
GREEN = Start(component="web", slot="green", version=TWO, instances=1)
HALVES = SetTraffic(component="web", was={}, weights={"blue": 50, "green": 50})


class Shop:
    """A component in the account, and what a test does with it."""

    def __init__(self, site: Site, folder: Path, own: Ecs | None = None, start_seconds: int = 20) -> None:
        self.site, self.own, self.folder = site, own or site.ecs(), folder
        health = HealthCheck(start_seconds=start_seconds)
        self.web = component(provider="ecs", run=(), ecs=self.own, health=health)
        self.provider = self.another()

    def another(self, secrets: Mapping[str, str] = KEYS) -> EcsProvider:
        """A provider of another worker, with the same folder."""
        return EcsProvider(environment(self.folder, self.web), secrets.__getitem__, again=0.05)

    async def build(self, *versions: Any, does: str = "serve") -> None:
        for one in versions:
            self.site.publish(self.own.cluster, one, does)
            await self.provider.build(self.web, one, checkout(), silent)

    async def do(self, *moves: Any) -> None:
        for move in moves:
            await self.provider.apply(self.web, move, silent)

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    def revisions(self) -> list[str]:
        ecs = self.site.client("ecs")
        return ecs.list_task_definitions(familyPrefix=f"{self.own.service}-versions")["taskDefinitionArns"]

    def trouble(self, operation: str, *codes: str, **words: Any) -> None:
        self.site.front.troubles[operation] = [Trouble(code, **words) for code in codes]


@pytest.fixture
def shop(aws_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(aws, "PAUSES", (0.05, 0.05, 0.05))
    aws_site.front.calm()
    yield Shop(aws_site, tmp_path)
    aws_site.front.calm()
    aws_site.cluster.is_frozen, aws_site.cluster.moved = False, _nothing


def _nothing() -> None:
    """Nobody looks any more."""
