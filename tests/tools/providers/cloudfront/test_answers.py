"""What a distribution really answers with, held against what it should."""

from __future__ import annotations

import pytest

from orchestrate.errors import StartFailed
from orchestrate.models.smoke import HealthCheck
from tests.tools.providers.cloudfront.conftest import BLUE_LIVE, ONE, START, SWITCH, TWO, Shop
from tools.provider import holds

pytestmark = pytest.mark.slow


async def test_what_really_answers_is_told(shop: Shop) -> None:
    await shop.first()
    shop.site.edge.show(shop.own.distribution, f"/releases/web/{TWO.tree}")

    slot = (await shop.running()).slot("blue")

    assert slot is not None
    assert slot.instances[0].tree == TWO.tree


async def test_a_distribution_that_answers_badly_is_unhealthy(shop: Shop) -> None:
    await shop.first()
    shop.site.edge.show(shop.own.distribution, "/nowhere")

    slot = (await shop.running()).slot("blue")

    assert slot is not None
    assert (slot.is_healthy, slot.instances[0].detail) == (False, "/health answered 403 instead of 200")


async def test_a_site_that_answers_with_something_else_after_the_switch_is_not_taken_for_it(
    shop: Shop,
) -> None:
    await shop.first()
    shop.site.edge.show(shop.own.distribution, f"/releases/web/{ONE.tree}")
    shop.web = shop.web.model_copy(update={"health": HealthCheck(start_seconds=1)})

    with pytest.raises(StartFailed, match=f"answers with the files of {ONE.tree[:19]}"):
        await shop.do(SWITCH)

    assert not holds(SWITCH, await shop.running())


async def test_a_slot_whose_release_was_removed_is_not_healthy(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    shop.remove(f"releases/web/{ONE.tree}.json")

    assert not holds(START, await shop.running())
    with pytest.raises(StartFailed, match="blue has no healthy instance"):
        await shop.do(BLUE_LIVE)


async def test_the_address_is_the_distributions_own_where_no_other_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"cloudfront": shop.own.model_copy(update={"url": ""})})

    assert (await shop.provider.public(web)).endswith(".cloudfront.net")
