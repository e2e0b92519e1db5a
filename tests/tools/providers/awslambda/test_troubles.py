"""The awslambda provider in trouble: code that is missing or exchanged, and others at the same function."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # botocore's clients have no types

import pytest

from orchestrate.errors import (
    AccessDenied,
    CredentialsExpired,
    DigestDiffers,
    EffectRefused,
    ImageMissing,
    NameTaken,
    NoRoom,
    ObjectMissing,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from orchestrate.models.move import SetTraffic, Start, Stop, Verify
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, Site
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.provider import holds
from tools.providers.awslambda.provider import AwsLambdaProvider
from tools.systems import aws

pytestmark = pytest.mark.slow

ONE, TWO = version("v1"), version("v2")
START = Start(component="web", slot="blue", version=ONE, instances=1)
GREEN = Start(component="web", slot="green", version=TWO, instances=1)
ALL = SetTraffic(component="web", was={}, weights={"blue": 100})
STOP = Stop(component="web", slot="blue", version=ONE, instances=1)
TENTH = SetTraffic(component="web", was={}, weights={"blue": 90, "green": 10})


class Shop:
    """A function in the account, and what a test does with it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.own = site, site.functions()
        self.web = component(provider="awslambda", run=(), awslambda=self.own)
        self.provider = AwsLambdaProvider(environment(folder, self.web), KEYS.__getitem__, again=0.05)

    async def build(self, *versions: Any, does: str = "serve") -> None:
        for one in versions:
            self.site.upload(self.own, one, does)
            await self.provider.build(self.web, one, checkout(), silent)

    async def do(self, *moves: Any) -> None:
        for move in moves:
            await self.provider.apply(self.web, move, silent)

    def published(self) -> list[str]:
        told = self.site.client("lambda").list_versions_by_function(FunctionName=self.own.function)
        return [one["Version"] for one in told["Versions"] if one["Version"] != "$LATEST"]


@pytest.fixture
def shop(aws_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(aws, "PAUSES", (0.02, 0.02, 0.02))
    aws_site.front.calm()
    yield Shop(aws_site, tmp_path)
    aws_site.front.calm()


async def test_code_that_is_not_there_is_no_version(shop: Shop) -> None:
    with pytest.raises(ImageMissing, match="no code of v1 at s3://"):
        await shop.provider.build(shop.web, ONE, checkout(), silent)


async def test_an_archive_without_a_checksum_is_not_taken(shop: Shop) -> None:
    key = f"releases/{ONE.commit}.zip"
    shop.site.client("s3").put_object(Bucket=shop.own.bucket, Key=key, Body=b"zip")

    with pytest.raises(OutsideFailed, match="no SHA-256") as told:
        await shop.provider.build(shop.web, ONE, checkout(), silent)

    assert "--checksum-algorithm SHA256" in told.value.cure


async def test_an_archive_that_was_overwritten_is_not_deployed(shop: Shop) -> None:
    await shop.build(ONE)
    shop.site.upload(shop.own, ONE.model_copy(update={"tree": "e" * 40}))

    with pytest.raises(DigestDiffers, match="not the archive that it was"):
        await shop.do(START)

    assert (shop.published(), (await shop.provider.running(shop.web)).slots) == ([], ())


@pytest.mark.parametrize(
    ("code", "status", "error", "said", "asked"),
    [
        ("CodeStorageExceededException", 400, NoRoom, "lambda:UpdateFunctionCode: CodeStorageExceeded", 1),
        ("TooManyRequestsException", 429, RateLimited, "asked too often: lambda:UpdateFunctionCode", 4),
    ],
)
async def test_code_for_which_the_account_has_no_room_is_told_and_the_calls_stay_where_they_were(
    shop: Shop, code: str, status: int, error: type[OutsideFailed], said: str, asked: int
) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, ALL)
    update = f"PUT /2015-03-31/functions/{shop.own.function}/code"
    shop.site.front.asked.clear()
    shop.site.front.troubles[update] = [Trouble(code, status=status)] * 9

    with pytest.raises(error, match=said) as told:
        await shop.do(GREEN)

    assert ("quota" in told.value.cure) == (error is NoRoom)
    assert shop.site.front.asked.count(update) == asked
    running = await shop.provider.running(shop.web)
    assert (running.weights, [one.name for one in running.slots]) == ({"blue": 100}, ["blue"])


async def test_a_version_without_an_address_in_the_network_is_told_by_lambdas_own_code(shop: Shop) -> None:
    await shop.build(ONE, does="spent")

    with pytest.raises(NoRoom, match="Failed: EniLimitExceeded The function could not get"):
        await shop.do(START)

    assert (await shop.provider.running(shop.web)).slots == ()


async def test_a_version_that_cannot_be_called_leaves_nothing(shop: Shop) -> None:
    await shop.build(ONE, does="crash")

    with pytest.raises(StartFailed, match="Failed: crash loop"):
        await shop.do(START)

    assert (await shop.provider.running(shop.web)).slots == ()


async def test_a_worker_killed_between_publish_and_alias_publishes_once(shop: Shop) -> None:
    await shop.build(ONE)
    aliases = f"POST /2015-03-31/functions/{shop.own.function}/aliases"
    shop.site.front.troubles[aliases] = [Trouble("ServiceException", status=500)]
    with pytest.raises(Unreachable):
        await shop.do(START)

    await shop.do(START)

    assert len(shop.published()) == 1
    assert holds(START, await shop.provider.running(shop.web))


async def test_going_back_uses_the_version_that_was_published_before(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, SetTraffic(component="web", was={}, weights={"green": 100}))
    await shop.do(Stop(component="web", slot="blue", version=ONE, instances=1), START)

    assert len(shop.published()) == 2
    assert (await shop.provider.running(shop.web)).weights == {"green": 100}


async def test_one_alias_shares_the_calls_by_weights(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, TENTH)

    alias = shop.site.client("lambda").get_alias(FunctionName=shop.own.function, Name="live")
    one, two = shop.published()
    assert alias["FunctionVersion"] == one
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {two: 0.1}}


async def test_an_alias_that_somebody_else_changes_meanwhile_is_told(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, TENTH)
    client, function = shop.site.client("lambda"), shop.own.function
    alias = f"PUT /2015-03-31/functions/{function}/aliases/live"

    def steal() -> None:
        shop.site.front.after.clear()
        routing: Any = {"AdditionalVersionWeights": {}}
        client.update_alias(
            FunctionName=function, Name="live", FunctionVersion=shop.published()[0], RoutingConfig=routing
        )

    shop.site.front.after[alias] = steal
    with pytest.raises(NameTaken, match="somebody else changed it"):
        await shop.do(SetTraffic(component="web", was={}, weights={"blue": 50, "green": 50}))


async def test_reads_that_show_what_was_before_are_waited_through(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.provider.running(shop.web)
    shop.site.front.asked.clear()
    shop.site.front.lag = 2

    await shop.do(START, ALL, GREEN, TENTH, SetTraffic(component="web", was={}, weights={"green": 100}), STOP)

    assert sum(one.endswith("/code") for one in shop.site.front.asked) == 2
    shop.site.front.lag = 0
    running = await shop.provider.running(shop.web)
    assert ([one.name for one in running.slots], running.weights) == (["green"], {"green": 100})
    assert len(shop.published()) == 2


async def test_a_published_version_that_is_not_shown_yet_is_waited_for_and_not_published_again(
    shop: Shop,
) -> None:
    await shop.build(ONE)
    about = f"GET /2015-03-31/functions/{shop.own.function}/configuration"
    publish = f"POST /2015-03-31/functions/{shop.own.function}/versions"
    missing = [Trouble("ResourceNotFoundException", status=404)] * 2
    shop.site.front.after[publish] = lambda: shop.site.front.troubles.update({about: missing})

    await shop.do(START)

    assert (len(shop.published()), missing) == (1, [])


async def test_an_alias_whose_answer_was_lost_ends_with_the_shares_that_were_asked_for(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, ALL)
    alias = f"PUT /2015-03-31/functions/{shop.own.function}/aliases/live"
    shop.site.front.troubles[alias] = [Trouble("ServiceException", status=500, is_made=True)]
    with pytest.raises(Unreachable, match="lambda:UpdateAlias"):
        await shop.do(TENTH)
    assert holds(TENTH, await shop.provider.running(shop.web))
    shop.site.front.asked.clear()

    await shop.do(TENTH)

    assert shop.site.front.asked.count(alias) == 0


@pytest.mark.parametrize(
    ("what", "move"), [("POST {}/versions", START), ("POST {}/aliases", START), ("PUT {}/aliases/live", ALL)]
)
async def test_credentials_that_expire_on_the_way_say_what_to_renew_and_the_move_goes_on_with_new_ones(
    shop: Shop, what: str, move: Start | SetTraffic
) -> None:
    await shop.build(ONE, TWO)
    await shop.do(
        *[START, GREEN, SetTraffic(component="web", was={}, weights={"green": 100})][: 3 * (move is ALL)]
    )
    before = (await shop.provider.running(shop.web)).weights
    asked = what.format(f"/2015-03-31/functions/{shop.own.function}")
    shop.site.front.troubles[asked] = [Trouble("ExpiredTokenException", status=403)]

    with pytest.raises(CredentialsExpired, match="AWS_KEY, AWS_SECRET has expired") as told:
        await shop.do(move)

    assert told.value.cure == "renew the secrets AWS_KEY, AWS_SECRET, and go on"
    assert KEYS["AWS_SECRET"] not in str(told.value)
    assert (await shop.provider.running(shop.web)).weights == before
    await shop.do(move)
    assert holds(move, await shop.provider.running(shop.web))


async def test_a_changed_precondition_is_somebody_elses_change(shop: Shop) -> None:
    await shop.build(ONE)
    code = f"PUT /2015-03-31/functions/{shop.own.function}/code"
    shop.site.front.troubles[code] = [Trouble("PreconditionFailedException", status=412)]

    with pytest.raises(NameTaken, match="somebody else"):
        await shop.do(START)


async def test_a_change_that_is_under_way_is_somebody_elses_too(shop: Shop) -> None:
    await shop.build(ONE)
    code = f"PUT /2015-03-31/functions/{shop.own.function}/code"
    shop.site.front.troubles[code] = [Trouble("ResourceConflictException", status=409)]

    with pytest.raises(OutsideFailed, match="is changing it just now") as told:
        await shop.do(START)

    assert "deploy again when that is through" in told.value.cure


async def test_code_that_really_answers_is_compared(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    shop.site.client("lambda").update_function_code(
        FunctionName=shop.own.function, ZipFile=_archive(), Publish=True
    )
    strange = shop.published()[-1]
    about = f"orchestrate {ONE.commit} {ONE.tree} {ONE.name}"
    shop.site.client("lambda").update_alias(
        FunctionName=shop.own.function, Name="live-blue", FunctionVersion=strange, Description=about
    )

    slot = (await shop.provider.running(shop.web)).slot("blue")

    assert slot is not None
    assert slot.instances[0].tree not in ("", ONE.tree)


async def test_a_function_that_is_not_there_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"awslambda": shop.own.model_copy(update={"function": "nowhere"})})

    with pytest.raises(ObjectMissing, match="nowhere"):
        await shop.provider.running(web)


async def test_what_may_not_be_done_is_named(shop: Shop) -> None:
    await shop.build(ONE)
    code = f"PUT /2015-03-31/functions/{shop.own.function}/code"
    shop.site.front.troubles[code] = [Trouble("AccessDeniedException", status=403)]

    with pytest.raises(AccessDenied, match="lambda:UpdateFunctionCode"):
        await shop.do(START)


async def test_a_function_has_no_instances_to_ask_for(shop: Shop) -> None:
    await shop.build(ONE)

    with pytest.raises(EffectRefused, match="no instances"):
        await shop.do(START.model_copy(update={"instances": 2}))
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await shop.do(Verify(component="web", slot="blue", version=ONE))


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("web.py", "other")
    return file.getvalue()
