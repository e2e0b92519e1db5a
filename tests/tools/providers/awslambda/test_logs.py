"""What the calls of a function's version wrote, as CloudWatch Logs keeps it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrate.errors import AccessDenied, OutsideFailed
from orchestrate.models.move import Start
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, Site
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.providers.awslambda.provider import AwsLambdaProvider
from tools.systems import cloudwatch_logs

pytestmark = pytest.mark.slow

ONE = version("v1")
START = Start(component="web", slot="blue", version=ONE, instances=1)
NOW = int(time.time() * 1000)


class Shop:
    """A function of which one version is published, and what its calls write."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.own = site, site.functions()
        self.web = component(provider="awslambda", run=(), awslambda=self.own)
        self.provider = AwsLambdaProvider(environment(folder, self.web), KEYS.__getitem__, again=0.05)
        self.group = f"/aws/lambda/{self.own.function}"

    async def start(self) -> str:
        self.site.upload(self.own, ONE)
        await self.provider.build(self.web, ONE, checkout(), silent)
        await self.provider.apply(self.web, START, silent)
        return (await self.provider.running(self.web)).slots[0].instances[0].id.rpartition(":")[2]

    def write(self, stream: str, *said: tuple[int, str]) -> None:
        logs = self.site.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"]:
            logs.create_log_group(logGroupName=self.group)
        logs.create_log_stream(logGroupName=self.group, logStreamName=stream)
        events = [{"timestamp": NOW + at, "message": text} for at, text in said]
        logs.put_log_events(logGroupName=self.group, logStreamName=stream, logEvents=events)

    async def tail(self, lines: int) -> tuple[str, ...]:
        return await self.provider.tail(self.web, "blue", lines)


@pytest.fixture
def shop(aws_site: Site, tmp_path: Path) -> Iterator[Shop]:
    aws_site.front.calm()
    yield Shop(aws_site, tmp_path)
    aws_site.front.calm()


async def test_the_newest_lines_of_all_streams_of_the_version_are_told_oldest_first(shop: Shop) -> None:
    number = await shop.start()
    shop.write(f"2026/11/22/[{number}]aa", (0, "first\n"), (2, "third\nand its second line\n"))
    shop.write(f"2026/11/22/{shop.own.function}[{number}]bb", (1, "second\n"))
    shop.write("2026/11/22/[$LATEST]cc", (3, "not published"))
    shop.write(f"2026/11/22/another[{number}]dd", (4, "another function of the group"))

    assert await shop.tail(3) == ("second", "third", "and its second line")
    assert await shop.tail(0) == ()


async def test_a_function_that_was_never_called_wrote_nothing(shop: Shop) -> None:
    await shop.start()

    assert await shop.tail(5) == ()


async def test_the_log_group_of_the_version_is_read(shop: Shop) -> None:
    number, shop.group = await shop.start(), "of-all"
    shop.site.groups[shop.own.function] = shop.group
    shop.write(f"2026/11/22/{shop.own.function}[{number}]aa", (0, "here"))

    assert await shop.tail(5) == ("here",)


async def test_a_version_below_all_that_was_looked_at_is_no_empty_log(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await shop.start()
    shop.write(f"2026/11/22/[{number}]aa", (-9, "long ago"))
    for one in range(50):
        shop.write(f"2026/11/22/[$LATEST]{one}", (one, "lately"))

    assert await shop.tail(5) == ("long ago",)
    monkeypatch.setattr(cloudwatch_logs, "PAGES", 1)
    with pytest.raises(OutsideFailed, match="of shop-"):
        await shop.tail(5)


@pytest.mark.parametrize("call", ["DescribeLogStreams", "GetLogEvents"])
async def test_a_log_that_may_not_be_read_is_told(shop: Shop, call: str) -> None:
    number = await shop.start()
    shop.write(f"2026/11/22/[{number}]aa", (0, "kept"))
    shop.site.front.troubles[call] = [Trouble("AccessDeniedException")]

    with pytest.raises(AccessDenied, match=f"logs:{call}"):
        await shop.tail(5)
