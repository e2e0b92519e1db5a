"""A static site in an AWS account, and what tests do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any  # botocore's clients have no types

import httpx
import pytest

from orchestrate.models.aws import CloudFront
from orchestrate.models.change import Version
from orchestrate.models.move import SetTraffic, Start
from orchestrate.models.runtime import Artifact, Running
from tests.contracts.provider_worlds import at_the_edge
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, Site
from tests.servers.sample_service import checkout, environment, silent, version
from tools.providers.cloudfront.provider import CloudFrontProvider
from tools.systems import aws

ONE, TWO = version("v1"), version("v2")
START = Start(component="web", slot="blue", version=ONE, instances=1)
GREEN = Start(component="web", slot="green", version=TWO, instances=1)
BLUE_LIVE = SetTraffic(component="web", was={}, weights={"blue": 100})
SWITCH = SetTraffic(component="web", was={"blue": 100}, weights={"green": 100})
BACK = SetTraffic(component="web", was={"green": 100}, weights={"blue": 100})


class Shop:
    """A component in the account, and what a test does with it."""

    def __init__(self, site: Site, folder: Path, **facts: object) -> None:
        self.site, self.folder = site, folder
        usual: dict[str, object] = {"output": "site", "switch_seconds": 20}
        self.own: CloudFront = site.cloudfront().model_copy(update=usual | facts)
        self.web = at_the_edge(site, self.own)
        self.provider = self.another()
        self.config = f"/2020-05-31/distribution/{self.own.distribution}"

    def another(self) -> CloudFrontProvider:
        """A provider of another worker, with the same folder."""
        return CloudFrontProvider(environment(self.folder, self.web), KEYS.__getitem__, again=0.03)

    async def build(self, *versions: Version) -> Artifact:
        return [await self.provider.build(self.web, one, checkout(), silent) for one in versions][-1]

    async def do(self, *moves: Any) -> None:
        for move in moves:
            await self.provider.apply(self.web, move, silent)

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    async def first(self) -> None:
        """v1 is shown, and v2 is there."""
        await self.build(ONE, TWO)
        await self.do(START, BLUE_LIVE, GREEN)

    def page(self) -> str:
        """What a viewer gets."""
        return httpx.get(f"{self.own.url}/index.html").text.strip()

    def key(self, version: Version, path: str) -> str:
        return f"releases/web/{version.tree}/{path}"

    def put(self, key: str, text: str) -> None:
        self.site.client("s3").put_object(Bucket=self.own.bucket, Key=key, Body=text.encode())

    def remove(self, key: str) -> None:
        self.site.client("s3").delete_object(Bucket=self.own.bucket, Key=key)

    def point(self, path: str) -> None:
        """Somebody changes the origin's path by hand."""
        cloudfront, name = self.site.client("cloudfront"), self.own.distribution
        self.site.front.after.clear()
        told = cloudfront.get_distribution_config(Id=name)
        told["DistributionConfig"]["Origins"]["Items"][0]["OriginPath"] = path
        config = told["DistributionConfig"]
        cloudfront.update_distribution(Id=name, IfMatch=told["ETag"], DistributionConfig=config)

    def path(self) -> str:
        """What the distribution is told to show."""
        told = self.site.client("cloudfront").get_distribution_config(Id=self.own.distribution)
        return str(told["DistributionConfig"]["Origins"]["Items"][0]["OriginPath"])

    def invalidations(self) -> list[Any]:
        return self.site.edge.cloudfront.invalidations.get(self.own.distribution, [])

    def trouble(self, operation: str, *codes: str, **words: Any) -> None:
        self.site.front.troubles[operation] = [Trouble(code, **words) for code in codes]

    def asked(self, method: str) -> list[str]:
        return [one for one in self.site.front.asked if one.startswith(f"{method} ")]

    def manifest(self, version: Version) -> Any:
        key = f"releases/web/{version.tree}.json"
        return json.loads(self.site.client("s3").get_object(Bucket=self.own.bucket, Key=key)["Body"].read())


Opening = Callable[..., Shop]


@pytest.fixture
def opened(aws_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    monkeypatch.setattr(aws, "PAUSES", (0.02, 0.02, 0.02))
    aws_site.front.calm()

    def make(**facts: object) -> Shop:
        return Shop(aws_site, tmp_path, **facts)

    yield make
    aws_site.front.calm()
    aws_site.edge.is_stuck = aws_site.edge.is_forgetful = False


@pytest.fixture
def shop(opened: Opening) -> Shop:
    return opened()
