"""The contract of a chat: the twin and Slack, over the API that Slack speaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from orchestrate.errors import AccessDenied, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.secret import Secret
from tests.servers.slack import ADA, CHANNEL, TEAM, TOKEN, FakeSlack, slack
from tools.chat import Buttons, Chat, MemoryChat, Message
from tools.systems.slack import SlackChat
from tools.systems.slack_words import mrkdwn

HELLO = Message(marker="deployment/D1", text="**hello** `v1`")
ASKS = Buttons(question="Q7F3K2", plan_hash="a" * 64, yes=("Approved", "approved"), no=("Hold", "hold"))


@pytest.fixture
async def fake() -> AsyncGenerator[FakeSlack]:
    async with slack() as made:
        yield made


@pytest.fixture
def on_slack(fake: FakeSlack) -> SlackChat:
    return SlackChat(Secret(TOKEN), CHANNEL, fake.api)


@pytest.fixture(params=["memory", "slack"])
def chat(request: pytest.FixtureRequest, on_slack: SlackChat) -> Chat:
    return MemoryChat() if request.param == "memory" else on_slack


async def test_what_was_said_is_found_by_its_marker(chat: Chat) -> None:
    said = await chat.say(HELLO)
    await chat.say(HELLO.model_copy(update={"marker": "deployment/D2"}))

    assert await chat.find("deployment/D1", 0) == said
    assert await chat.find("deployment/D3", 0) is None


async def test_what_was_said_can_be_edited_and_is_found_still(chat: Chat) -> None:
    said = await chat.say(HELLO.model_copy(update={"buttons": ASKS}))

    await chat.edit(said, HELLO.model_copy(update={"text": "done"}))

    assert await chat.find("deployment/D1", 0) == said


async def test_nothing_that_was_not_said_is_edited(chat: Chat) -> None:
    with pytest.raises(OutsideFailed):
        await chat.edit("1.1", HELLO)


async def test_a_marker_is_found_however_much_was_said_since(on_slack: SlackChat, fake: FakeSlack) -> None:
    said = await on_slack.say(HELLO)
    for number in range(450):
        fake._post({"channel": CHANNEL, "text": str(number)})

    assert await on_slack.find("deployment/D1", 0) == said
    assert fake.called.count("conversations.history") == 3


async def test_slack_takes_a_message_however_long_it_is(on_slack: SlackChat, fake: FakeSlack) -> None:
    long = Message(marker="m", text="\n".join("x" * 4000 for _ in range(30)), buttons=ASKS)

    await on_slack.say(long)

    assert len(fake.posted("m")) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("429", RateLimited), ("500", Unreachable), ("invalid_auth", AccessDenied),
        ("missing_scope", AccessDenied), ("not_in_channel", AccessDenied), ("msg_too_long", OutsideFailed),
        ("lost", Unreachable),
    ],
)  # fmt: skip
async def test_each_refusal_of_slack_has_its_name(
    on_slack: SlackChat, fake: FakeSlack, error: str, kind: type[OutsideFailed]
) -> None:
    fake.errors["chat.postMessage"] = [error]

    with pytest.raises(OutsideFailed) as refused:
        await on_slack.say(HELLO)

    assert type(refused.value) is kind
    assert fake.called == ["chat.postMessage"]  # nothing is posted again blindly
    assert TOKEN not in str(refused.value)
    if isinstance(refused.value, RateLimited):
        assert refused.value.retry_after == 7


async def test_a_wrong_token_is_named(fake: FakeSlack) -> None:
    with pytest.raises(AccessDenied, match="invalid_auth") as refused:
        await SlackChat(Secret("xoxb-wrong-wrong-wrong"), CHANNEL, fake.api).workspace()

    assert "slack.token" in refused.value.cure


async def test_who_we_are_is_asked(on_slack: SlackChat) -> None:
    assert (await on_slack.workspace()).team == TEAM
    assert await on_slack.look() == "deployments"


async def test_where_we_are_no_member_a_person_is_told_directly(on_slack: SlackChat, fake: FakeSlack) -> None:
    fake.errors["chat.postEphemeral"] = ["not_in_channel"]

    await on_slack.tell(ADA, "C0OTHER", "hello")

    assert [one["channel"] for one in fake.messages.values()] == [ADA]


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and `code`", "*bold* and `code`"),
        ("### Title", "*Title*"),
        ("a < b & <!channel> <@U1>", "a &lt; b &amp; &lt;!channel&gt; &lt;@U1&gt;"),
        ("&lt;!here>", "&lt;!here&gt;"),
        ("1\\. \\# one", "1\\. # one"),
    ],
)
def test_markdown_becomes_what_slack_shows_and_calls_nobody(markdown: str, shown: str) -> None:
    assert mrkdwn(markdown) == shown
