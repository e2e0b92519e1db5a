"""The herald: a chat is told what the store knows, each message once, whatever breaks."""

from __future__ import annotations

import pytest

from orchestrate.counter.herald import KIND, PATIENCE, THREAD, Herald
from orchestrate.errors import OutcomeUnknown, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.effect import Effect, EffectState
from tests.orchestrate.counter.conftest import Counter
from tools.chat import MemoryChat, Message
from tools.posting import EDIT


class Trouble(MemoryChat):
    """A chat that fails as told: before it has posted, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Exception | None = None
        self.after: Exception | None = None
        self.stays = False  # whoever looks after that sees nothing
        self.blind: Exception | None = None  # whenever it is looked for
        self.looked: list[float] = []

    async def find(self, marker: str, since: float) -> str | None:
        self.looked.append(since)
        if self.blind:
            raise self.blind
        return await super().find(marker, since)

    async def edit(self, id: str, message: Message) -> None:
        before, self.before = self.before, None
        if before:
            raise before
        await super().edit(id, message)

    async def say(self, message: Message, below: str | None = None) -> str:
        before, self.before = self.before, None
        if before:
            raise before
        id = await super().say(message, below)
        after, self.after = self.after, None
        if after:
            self.blind = after if self.stays else None
            raise after
        return id


def markers(chat: MemoryChat) -> list[str]:
    return [one.marker for one in chat.messages.values()]


def effects(counter: Counter) -> list[Effect]:
    rows = counter.world.store.deployments.latest()
    return [one for row in rows for one in counter.world.store.effects.of(row.id)]


def posts(counter: Counter) -> list[Effect]:
    return [one for one in effects(counter) if one.name == "post_message"]


@pytest.fixture
def chat() -> Trouble:
    return Trouble()


async def test_a_deployment_is_one_message_that_is_edited(counter: Counter, chat: Trouble) -> None:
    herald = Herald(counter.clerk.app, chat)
    row, _, _ = await counter.world.approved()
    await herald.look()
    await counter.world.go(row.id)

    await herald.look()
    await herald.look()

    (card,) = [one for one in chat.messages.values() if one.marker == f"deployment/{row.id}"]
    assert "✅" in card.text and "deployed" in card.text and "→ watch → finish" in card.text
    edits = chat.edits
    assert (await herald.look(), chat.edits) == (0, edits)


async def test_a_question_has_two_buttons_until_it_is_answered(counter: Counter, chat: Trouble) -> None:
    herald = Herald(counter.clerk.app, chat)
    row, _, _ = await counter.world.asked()
    question = counter.world.question(row.id)

    await herald.look()
    (id, card) = next(
        (id, one) for id, one in chat.messages.items() if one.marker == f"question/{question.id}"
    )
    assert card.buttons is not None
    assert (card.buttons.question, card.buttons.plan_hash) == (question.id, question.plan_hash)
    assert (card.buttons.yes, card.buttons.no) == (("Approved", "approved"), ("Hold", "hold"))
    for fact in (
        "risk",
        "`web`: ",
        "gates: ",
        "back within",
        "watched for",
        "window: always",
        "web: no old",
    ):
        assert fact in card.text

    await counter.world.approve(row.id, DecisionKind.HOLD)
    await herald.look()
    assert chat.messages[id].buttons is None
    assert "hold by ada" in chat.messages[id].text
    assert herald.marker_of(id) == f"question/{question.id}"


async def test_two_heralds_post_each_message_once(counter: Counter, chat: Trouble) -> None:
    await counter.world.asked()

    await Herald(counter.clerk.app, chat).look()
    await Herald(counter.clerk.app, chat).look()

    assert len(markers(chat)) == len(set(markers(chat))) == 2


async def test_a_post_whose_outcome_is_unknown_is_looked_for_before_it_is_made_again(
    counter: Counter, chat: Trouble
) -> None:
    herald = Herald(counter.clerk.app, chat)
    await counter.world.ready()
    began = counter.world.clock.now
    chat.after, chat.stays = Unreachable("slack: cut off"), True
    with pytest.raises(OutcomeUnknown):
        await herald.look()
    (effect,) = posts(counter)
    assert effect.state is EffectState.UNKNOWN

    counter.world.clock.now += 3600
    with pytest.raises(OutcomeUnknown):
        await herald.look()
    chat.blind = None
    assert await herald.look() == 1

    assert len(markers(chat)) == 1
    assert {*chat.looked} == {began - PATIENCE}  # before it was first meant, however late that is
    assert [one.state for one in posts(counter)] == [EffectState.DONE]


async def test_a_post_whose_answer_was_lost_is_seen(counter: Counter, chat: Trouble) -> None:
    await counter.world.ready()
    chat.after = Unreachable("slack: cut off")

    assert await Herald(counter.clerk.app, chat).look() == 1
    assert len(markers(chat)) == 1


async def test_what_another_herald_may_be_at_is_left_alone_for_a_while(
    counter: Counter, chat: Trouble
) -> None:
    await counter.world.ready()
    assert counter.world.store.outbox.claim(THREAD, "another", PATIENCE) is not None

    before = await Herald(counter.clerk.app, chat).look()
    counter.world.clock.now += PATIENCE

    assert (before, await Herald(counter.clerk.app, chat).look()) == (0, 1)


async def test_a_herald_that_ended_after_it_posted_is_followed_by_one_that_does_not(
    counter: Counter, chat: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _, _ = await counter.world.ready()
    kept = counter.world.store.keepsakes
    await Herald(counter.clerk.app, chat).look()
    kept.forget(KIND, f"deployment/{row.id}")

    await Herald(counter.clerk.app, chat).look()

    assert len(markers(chat)) == 1
    assert Herald(counter.clerk.app, chat).marker_of("1") == f"deployment/{row.id}"


async def test_a_message_that_somebody_deleted_keeps_no_other_from_being_told(
    counter: Counter, chat: Trouble
) -> None:
    herald = Herald(counter.clerk.app, chat)
    row, _, _ = await counter.world.asked()
    await herald.look()
    await counter.world.approve(row.id)
    chat.before = OutsideFailed("slack: chat.update: message_not_found")
    with pytest.raises(OutsideFailed):
        await herald.look()

    assert await herald.look() == 0  # the other one was told, and what is gone is not tried again
    states = [one.state for one in effects(counter) if one.name == EDIT]
    assert sorted(states) == [EffectState.DONE, EffectState.FAILED]


async def test_an_edit_that_failed_is_made_again_and_one_back_to_what_was_said_before_too(
    counter: Counter, chat: Trouble
) -> None:
    herald = Herald(counter.clerk.app, chat)
    row, _, _ = await counter.world.asked()
    await herald.look()
    await counter.world.approve(row.id)
    chat.before = Unreachable("slack: cut off")
    with pytest.raises(Unreachable):
        await herald.look()

    assert await herald.look() >= 1
    edits = [one for one in effects(counter) if one.name == EDIT]
    assert edits and all(one.state is EffectState.DONE for one in edits)
    assert max(one.attempts for one in edits) == 2


async def test_a_post_that_was_turned_away_is_made_at_once_when_it_may(
    counter: Counter, chat: Trouble
) -> None:
    herald = Herald(counter.clerk.app, chat)
    await counter.world.ready()
    chat.before = RateLimited("slack: asked too often", retry_after=1)
    with pytest.raises(RateLimited):
        await herald.look()

    assert await herald.look() == 1


async def test_nothing_is_said_while_effects_are_stopped(counter: Counter, chat: Trouble) -> None:
    await counter.world.ready()
    counter.world.store.switch.stop(by="ada", reason="moving", everything=False)

    assert await Herald(counter.clerk.app, chat).look() == 0
    assert chat.messages == {}


async def test_what_ended_unseen_is_not_told_any_more(counter: Counter, chat: Trouble) -> None:
    row, _, _ = await counter.world.approved()
    await counter.world.go(row.id)

    assert await Herald(counter.clerk.app, chat).look() == 0


async def test_every_post_is_in_the_audit(counter: Counter, chat: Trouble) -> None:
    await counter.world.ready()

    await Herald(counter.clerk.app, chat).look()

    told = [one.kind for one in counter.world.store.audit.tail() if one.by == "herald"]
    assert told == ["intent", "done"]
    (effect,) = posts(counter)
    assert (effect.state, effect.receipt) == (EffectState.DONE, '{"id":"1"}')
