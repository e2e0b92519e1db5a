"""Looking before answering: what a model may see, how often and how much; it does nothing by it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from agents.answers import Advice, DeployerProposal
from agents.claude import Claude, asked_by
from agents.looking import AT_ONCE, MOST_BYTES, ROUNDS
from agents.looks import FORMS, ReadTool
from agents.model import QUOTE_LIMIT, Brief, Facts
from agents.question import described
from agents.role import Role
from agents.roles import ROLES
from orchestrate.errors import ModelBusy, ModelFailed, PurseEmpty, Unreachable
from orchestrate.models.model_call import CallState, Tokens, spent
from orchestrate.models.secret import Secret
from orchestrate.store import Store
from prompts import tool_words
from tests.servers.anthropic import KEY, FakeAnthropic, Says, anthropic_api
from tests.servers.minds import settings

HOLD = {"advice": "hold", "reasons": ["9 % of 400 requests failed"]}
FACTS: Facts = {name: "x" for name in ("diff", "service", "environment", "plan", "gates", "state", "log")}
FENCE = re.compile(r"<outside ([0-9a-f]{16})>\n.*\n</outside \1>", re.DOTALL)


@dataclass
class Shelf:
    """What can be seen: a text for every tool, and who looked at what."""

    text: str = "errors 9 %"
    seconds: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def look(self, tool: ReadTool, only: str = "") -> str:
        self.asked.append((tool, only))
        await asyncio.sleep(self.seconds)
        if only == "down":
            raise Unreachable("the log does not answer, password=hunter22")
        return self.text


@pytest.fixture(scope="module")
def server() -> Iterator[FakeAnthropic]:
    with anthropic_api() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeAnthropic) -> FakeAnthropic:
    server.says(HOLD)
    server.cache.kept.clear()
    return server


def claude(store: Store, url: str, **words: int) -> Claude:
    given = {"deadline": 15, **words}
    return asked_by(settings(url, **given), lambda: Secret(KEY), store.model_calls)


@pytest.fixture
def mind(store: Store, fake: FakeAnthropic) -> Claude:
    return claude(store, fake.url)


async def ask(mind: Claude, shelf: Shelf | None) -> DeployerProposal:
    return await mind.ask(Role.DEPLOYER, Brief("D1", FACTS, shelf), DeployerProposal)


def wishing(*wishes: tuple[str, object], **words: object) -> Says:
    return Says(text="", wishes=wishes, **words)  # pyright: ignore[reportArgumentType]


async def test_it_is_shown_what_it_wants_to_see_and_answers_then(
    mind: Claude, fake: FakeAnthropic, store: Store
) -> None:
    fake.says(wishing(("logs", {"contains": "KeyError"}), ("metrics", {})), HOLD)
    shelf = Shelf()

    said = await ask(mind, shelf)

    assert said.advice is Advice.HOLD
    assert shelf.asked == [("logs", "KeyError"), ("metrics", "")]
    assert all(FENCE.fullmatch(one) and "errors 9 %" in one for one in fake.asked[1].shown)
    calls = store.model_calls.of("D1")
    assert [(one.state, one.why) for one in calls] == [
        (CallState.LOOKED, "looked at logs, metrics"),
        (CallState.ANSWERED, ""),
    ]
    assert spent(calls).failed == 0


async def test_what_was_sent_before_comes_from_the_cache_when_it_goes_on(
    mind: Claude, fake: FakeAnthropic, store: Store
) -> None:
    fake.says(wishing(("status", {})), wishing(("logs", {"contains": ""})), HOLD)

    await ask(mind, Shelf("a line of the log\n" * 200))

    _, second, third = (one.tokens for one in store.model_calls.of("D1"))
    assert second.cache_read > 3000 and second.fresh == 0
    assert third.cache_read >= second.cache_read + second.cache_write


async def test_where_nothing_may_be_seen_nobody_is_asked_what_to_show(
    mind: Claude, fake: FakeAnthropic, store: Store
) -> None:
    fake.says(wishing(("status", {})))

    with pytest.raises(ModelFailed, match="nobody asked for: tool_use"):
        await ask(mind, None)

    assert not fake.asked[0].may_look and len(fake.asked) == 1


@pytest.mark.parametrize(
    ("tool", "words", "said"),
    [
        ("merge", {"change": "1", "force": True}, "there is no such tool"),
        ("bash", {"command": "printenv"}, "there is no such tool"),
        ("approve", {"by": "ada"}, "there is no such tool"),
        ("environments", {}, "there is no such tool"),  # it exists, and is none of the deployer's
        ("status", {"environment": "production"}, "not the words"),
        ("status", {"deployment": "01ABC"}, "not the words"),
        ("logs", {}, "not the words"),
        ("logs", {"contains": "x" * 101}, "not the words"),
        ("logs", {"contains": 1}, "not the words"),
        ("diff", {"path": "a.py", "commit": "HEAD~9"}, "not the words"),
        ("logs", '{"contains": "a"', "not the words"),
        ("logs", "[]", "not the words"),
        ("logs", "[" * 5000, "not the words"),
    ],
    ids=lambda one: one[:24] if isinstance(one, str) else "",
)
async def test_what_is_no_tool_or_not_its_words_is_said_so_and_never_looked_at(
    mind: Claude, fake: FakeAnthropic, tool: str, words: object, said: str
) -> None:
    fake.says(wishing((tool, words)), HOLD)
    shelf = Shelf()

    assert (await ask(mind, shelf)).advice is Advice.HOLD
    (shown,) = fake.asked[1].shown
    assert shelf.asked == [] and said in shown


async def test_what_cannot_be_read_is_said_so_without_its_secrets(mind: Claude, fake: FakeAnthropic) -> None:
    fake.says(wishing(("logs", {"contains": "down"})), HOLD)

    await ask(mind, Shelf())

    (shown,) = fake.asked[1].shown
    assert "the log does not answer" in shown and "hunter22" not in shown and FENCE.fullmatch(shown)


async def test_whoever_never_answers_is_not_asked_for_ever(
    mind: Claude, fake: FakeAnthropic, store: Store
) -> None:
    fake.says(wishing(("status", {})))
    shelf = Shelf()

    with pytest.raises(ModelFailed, match="nobody asked for: tool_use"):
        await ask(mind, shelf)

    assert len(shelf.asked) == ROUNDS and len(fake.asked) == ROUNDS + 1
    assert [one.may_look for one in fake.asked] == [True] * ROUNDS + [False]
    assert store.model_calls.of("D1")[-1].state is CallState.FAILED


async def test_so_much_is_shown_and_no_more(mind: Claude, fake: FakeAnthropic) -> None:
    fake.says(wishing(*(("logs", {"contains": str(number)}) for number in range(9))), HOLD)
    shelf = Shelf("x" * 100_000)

    await ask(mind, shelf)

    shown = fake.asked[1].shown
    assert len(shelf.asked) == MOST_BYTES // QUOTE_LIMIT < AT_ONCE and len(shown) == 9
    assert max(len(one) for one in shown) <= QUOTE_LIMIT + 100
    assert sum(len(one) for one in shown) <= MOST_BYTES + QUOTE_LIMIT + 1500
    assert not fake.asked[1].may_look


async def test_whoever_wants_to_see_everything_at_once_is_not_heard(
    mind: Claude, fake: FakeAnthropic
) -> None:
    fake.says(wishing(*(("status", "{}") for _ in range(17))))
    shelf = Shelf()

    with pytest.raises(ModelFailed, match="17 things at once"):
        await ask(mind, shelf)

    assert shelf.asked == []


@pytest.mark.parametrize("cut_after", [4, 5, 6])
async def test_half_a_wish_is_none(mind: Claude, fake: FakeAnthropic, cut_after: int) -> None:
    """The SDK gives half of a tool's words as if they were whole."""
    long = {"contains": "a text that comes in several pieces, of which some are lost"}
    fake.says(wishing(("logs", long), cut_after=cut_after), HOLD)
    shelf = Shelf()

    assert (await ask(mind, shelf)).advice is Advice.HOLD
    assert shelf.asked == [] and fake.asked[1].shown == []


async def test_a_call_that_is_not_meant_as_one_is_no_answer(mind: Claude, fake: FakeAnthropic) -> None:
    fake.says(Says("", stop="tool_use"))

    with pytest.raises(ModelFailed, match="0 things at once"):
        await ask(mind, Shelf())


async def test_the_deadline_is_for_all_of_it(store: Store, fake: FakeAnthropic) -> None:
    fake.says(wishing(("status", {})))
    began = time.monotonic()

    with pytest.raises(ModelBusy):
        await ask(claude(store, fake.url, deadline=1), Shelf(seconds=0.7))

    assert time.monotonic() - began < 15
    assert len(fake.asked) < ROUNDS


async def test_all_of_it_comes_from_one_purse(store: Store, fake: FakeAnthropic) -> None:
    fake.says(wishing(("status", {})))

    with pytest.raises(PurseEmpty):
        await ask(claude(store, fake.url, tokens=20_000), Shelf("x" * 8000))

    assert 0 < len(fake.asked) < ROUNDS
    assert sum((one.tokens for one in store.model_calls.of("D1")), Tokens()).all <= 20_000


async def test_a_step_that_begins_again_neither_looks_nor_pays_again(
    mind: Claude, fake: FakeAnthropic, store: Store
) -> None:
    fake.says(wishing(("status", {})), HOLD)
    first = await ask(mind, Shelf())
    shelf = Shelf("something else by now")

    assert await ask(claude(store, "http://127.0.0.1:9"), shelf) == first
    assert shelf.asked == []


async def test_an_answer_that_breaks_off_after_a_look_is_asked_for_again(
    mind: Claude, fake: FakeAnthropic
) -> None:
    fake.says(wishing(("status", {})), Says(json.dumps(HOLD), cut_after=3), HOLD)
    shelf = Shelf()

    assert (await ask(mind, shelf)).advice is Advice.HOLD
    assert len(shelf.asked) == 1 and fake.asked[1].shown == fake.asked[2].shown


async def test_thoughts_go_back_as_they_came(mind: Claude, fake: FakeAnthropic) -> None:
    thought = {"type": "thinking", "thinking": "", "signature": ""}
    hidden = {"type": "redacted_thinking", "data": "EmwKAhgB"}
    fake.says(wishing(("status", {}), blocks=(thought, hidden)), HOLD)

    await ask(mind, Shelf())

    said = fake.asked[1].messages[1]
    assert [one["type"] for one in said] == ["thinking", "redacted_thinking", "tool_use"]
    assert said[1]["data"] == "EmwKAhgB"


def test_every_tool_is_described_and_takes_no_name_of_a_place() -> None:
    assert {*tool_words()} == {*ReadTool}
    for tool in described(tuple(ReadTool)):
        assert tool["strict"] is True
    assert {name for form in FORMS.values() for name in form.model_fields} == {"contains", "path"}


def test_advisers_are_told_of_the_same_tools_so_that_they_share_a_cache() -> None:
    advisers = (Role.DEPLOYER, Role.PLANNER, Role.RISK_ASSESSOR, Role.MIGRATION_REVIEWER, Role.TRIAGER)

    assert len({(ROLES[role].tools, ROLES[role].tier) for role in advisers}) == 1
