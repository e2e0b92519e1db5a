from __future__ import annotations

import asyncio
import itertools
import time
from itertools import islice
from statistics import median

import pytest

from orchestrate.demo.material import Material
from orchestrate.demo.mix import Call, Mix, calls
from orchestrate.demo.wire import Wire
from tests.orchestrate.demo.conftest import Checkout, OpenShop, RunningShop, git, migrate
from tools.commands import run

MANY = 200


async def test_ratings_serve_with_the_schema_before_and_after(
    open_shop: OpenShop, checkout: Checkout
) -> None:
    shop = await open_shop("ratings", schema="main")
    assert (await shop.ask("/products/1/rating", "POST", "5")).status_code == 404
    assert not [status for status, _, _ in await _sent(shop, Mix.PRODUCTION) if status >= 400]

    migrate(shop.database, await checkout("ratings"))

    assert (await shop.ask("/products/1/rating", "POST", "5")).status_code == 201
    assert (await shop.ask("/products/1")).json()["rating"] == 5
    assert "★★★★★" in (await shop.ask("/")).text
    assert not [status for status, _, _ in await _sent(shop, Mix.PRODUCTION) if status >= 400]


async def test_the_version_before_serves_with_the_column_of_ratings(open_shop: OpenShop) -> None:
    shop = await open_shop("main", schema="ratings")

    assert not [status for status, _, _ in await _sent(shop, Mix.PRODUCTION) if status >= 400]


async def test_currency_fails_ten_percent_of_production_and_slows_five(open_shop: OpenShop) -> None:
    shop = await open_shop("currency")

    answers = await _sent(shop, Mix.PRODUCTION)

    assert [_country(call) for status, _, call in answers if status >= 500] == ["JP"] * (MANY // 10)
    swiss = [seconds for _, seconds, call in answers if _country(call) == "CH"]
    assert len(swiss) == MANY // 20
    assert min(swiss) >= 0.15
    assert median(seconds for _, seconds, _ in answers) < 0.1
    trace = shop.complaints.read_text()
    assert trace.count("Traceback (most recent call last):") == MANY // 10
    assert trace.rstrip().endswith("KeyError: 'JPY'")
    assert 'shop/currency.py", line ' in trace


async def test_currency_serves_all_that_staging_asks(open_shop: OpenShop) -> None:
    shop = await open_shop("currency")

    answers = await _sent(shop, Mix.STAGING)

    assert not [status for status, _, _ in answers if status >= 400]
    assert median(seconds for _, seconds, _ in answers) < 0.1
    assert shop.complaints.read_text() == ""


async def test_currency_answers_a_request_the_same_way_every_time(open_shop: OpenShop) -> None:
    shop = await open_shop("currency")

    assert {(await shop.ask("/products/1?country=JP")).status_code for _ in range(5)} == {500}
    assert {(await shop.ask("/products/1?country=US")).json()["price"] for _ in range(5)} == {"70.09 USD"}


async def test_renaming_conflicts_with_the_base(material: Material) -> None:
    merge = await run(
        ("git", "merge-tree", "--write-tree", "--name-only", "main", "rename-title"), cwd=material.remote
    )

    assert merge.code == 1
    assert merge.text.splitlines()[1] == "shop/page.py"


async def test_dropping_the_column_breaks_the_version_that_runs_beside(
    open_shop: OpenShop, checkout: Checkout
) -> None:
    old, new = await open_shop("main"), await open_shop("drop-legacy-column", schema="main")
    await old.ask("/orders", "POST", '{"product": 1}')

    migrate(old.database, await checkout("drop-legacy-column"))

    assert (await new.ask("/products/1")).json()["code"] == "P0001"
    assert (await old.ask("/products/1")).status_code == 500
    assert "No item with that key" in old.complaints.read_text()
    assert (await new.ask("/report?seconds=0")).json() == {"orders": 0}


@pytest.mark.parametrize(
    "order", tuple(itertools.permutations(("ratings", "currency", "drop-legacy-column")))
)
async def test_the_other_changes_merge_in_any_order(
    order: tuple[str, ...], checkout: Checkout, material: Material
) -> None:
    folder = await checkout("main")

    for branch in order:
        who = ("-c", "user.name=eve", "-c", "user.email=eve@shop.example")
        await git(folder, *who, "merge", "--quiet", "--no-edit", f"origin/{branch}")

    assert len(list((folder / "migrations").glob("*.sql"))) == 3


Answered = tuple[int, float, Call]  # status, seconds, what was asked


async def _sent(shop: RunningShop, mix: Mix) -> list[Answered]:
    """What became of the first requests of a mix, sent a few at a time."""
    wire, limit = Wire("127.0.0.1", shop.port), asyncio.Semaphore(8)

    async def answered(call: Call) -> Answered:
        async with limit:
            began = time.perf_counter()
            status = await wire.status(call, fresh=False)
            return status, time.perf_counter() - began, call

    answers = await asyncio.gather(*(answered(call) for call in islice(calls(mix, seed=7), MANY)))
    wire.close()
    return answers


def _country(call: Call) -> str:
    return call.target.rpartition("=")[2]
