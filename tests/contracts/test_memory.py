"""What every memory does: the twin, our own, and cm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrate.models.learning import Learning, Topic
from orchestrate.store import Store
from tests.conftest import BACKENDS
from tests.servers import cm
from tools.remembering import MOST, Memory, MemoryInMind, remembering
from tools.systems.cm_memory import CmMemory
from tools.systems.own_memory import StoreMemory

REAL = pytest.param("cm", marks=pytest.mark.skipif(not cm.real(), reason="ORCHESTRATE_TEST_CM names no cm"))


@pytest.fixture(params=["twin", *BACKENDS, "scripted cm", REAL])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    if request.param == "twin":
        yield MemoryInMind()
        return
    if request.param.endswith("cm"):
        program = cm.real() if request.param == "cm" else cm.scripted(tmp_path)
        yield CmMemory(tmp_path, program, {"HOME": str(tmp_path)})
        return
    with closing(Store.open(request.getfixturevalue(f"{request.param}_store_url"))) as store:
        yield StoreMemory(store.learnings)


def learning(number: int = 1, **words: object) -> Learning:
    given = Learning(
        key=f"deployment/{number}",
        service="shop",
        environment="production",
        was_good=False,
        text=f"Rolled back: production: 5 % errors ({number})",
        files=("shop/page.py", "shop/price.py"),
        at=1_800_000_000.0 + number,
    )
    return given.model_copy(update=words)


def topic(*files: str, **words: object) -> Topic:
    given = Topic(service="shop", environment="production", title="Change the price", files=files)
    return given.model_copy(update=words)


async def test_what_was_learnt_about_a_file_is_recalled(memory: Memory) -> None:
    kept = learning()

    await memory.remember(kept)

    assert await memory.recall(topic("shop/price.py", "docs/x.md")) == (kept,)


async def test_what_is_about_other_files_or_places_is_not(memory: Memory) -> None:
    await memory.remember(learning())

    assert await memory.recall(topic("shop/other.py")) == ()
    assert await memory.recall(topic("shop/price.py", environment="staging")) == ()
    assert await memory.recall(topic("shop/price.py", service="till")) == ()
    assert await memory.recall(topic()) == ()


async def test_the_same_learning_is_kept_once(memory: Memory) -> None:
    tool = remembering(memory)
    assert tool.observe is not None and await tool.observe(learning()) is None

    for _ in range(2):
        await tool.act(learning())

    assert await tool.observe(learning()) == learning()
    assert await memory.recall(topic("shop/page.py")) == (learning(),)


async def test_the_newest_few_are_recalled(memory: Memory) -> None:
    for number in range(MOST + 2):
        await memory.remember(learning(number))

    found = await memory.recall(topic("shop/page.py"))

    assert [one.key for one in found] == [f"deployment/{number}" for number in range(MOST + 1, 1, -1)]


async def test_good_and_bad_are_told_apart_and_any_text_is_kept(memory: Memory) -> None:
    kept = learning(text="Deployed: „ß“ 'x' \"y\" `z` $(id) --flag", was_good=True)

    await memory.remember(kept)

    assert await memory.recall(topic("shop/page.py")) == (kept,)


async def test_everything_is_listed_and_what_is_forgotten_is_recalled_no_more(memory: Memory) -> None:
    for number in (1, 2, 3):
        await memory.remember(learning(number, environment="production" if number < 3 else "staging"))
    assert [one.key for one in await memory.all()] == ["deployment/3", "deployment/2", "deployment/1"]

    await memory.forget("deployment/2", "it was the router: see T-9")
    await memory.forget("deployment/2", "again")

    assert [one.key for one in await memory.all()] == ["deployment/3", "deployment/1"]
    assert [one.key for one in await memory.recall(topic("shop/page.py"))] == ["deployment/1"]
