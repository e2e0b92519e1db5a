"""Slack from end to end: said, pressed and answered there, with signed requests through Slack's own SDK."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import AccessDenied
from orchestrate.models.deployment import DecisionKind, Outcome
from orchestrate.models.environment import Channel
from orchestrate.settings import load
from orchestrate.slack.serving import slack_of
from tests.orchestrate.slack.conftest import SOCKET, Scene, scene
from tests.servers.slack import ADA, CHANNEL, EVE, ROB, TOKEN, Json, command, message, press, signed, slack


async def test_a_deployment_is_said_approved_and_followed_in_slack(here: Scene) -> None:
    assert await here.send(command("test main", user=ROB)) == (200, "")
    await here.until(here.rows)
    await here.drive(lambda: here.app.store.questions.unanswered())
    (question,) = here.app.store.questions.unanswered()
    await here.until(lambda: here.fake.posted(f"question/{question.id}"))
    (card,) = here.fake.posted(f"question/{question.id}")
    assert f"<@{ADA}>" in json.dumps(card["blocks"])
    value = json.dumps({"q": question.id, "h": question.plan_hash})

    await here.press(press(value, "approved", user=EVE))
    await here.press(press(value, "approved", user=ROB))
    await here.press(press(value, "approved", user=ADA))
    await here.press(press(value, "approved", user=ADA, at="1.2"))  # a second click changes nothing
    row = here.rows()[0]
    await here.drive(lambda: here.app.store.deployments.deployment(row.id).outcome)

    assert here.app.store.deployments.deployment(row.id).outcome is Outcome.DEPLOYED
    said = here.app.store.questions.question(question.id).decision
    assert said is not None and (said.by, said.channel, said.account) == ("ada", Channel.SLACK, ADA)
    await here.until(lambda: "✅" in str(here.fake.posted(f"deployment/{row.id}")[0]["text"]))
    await here.until(
        lambda: "actions" not in json.dumps(here.fake.posted(f"question/{question.id}")[0]["blocks"])
    )
    await here.until(lambda: here.told(EVE) and here.told(ROB)[1:])
    assert len(here.fake.messages) == 2  # everything else was an edit
    assert "nobody in" in here.told(EVE)[0] and "not an approver" in here.told(ROB)[1]


async def test_an_answer_in_the_thread_of_the_card_counts(here: Scene) -> None:
    _, question, card = await here.asked()

    await here.event(message("looks good to me", card))
    await here.event(message("Approved", card, user=EVE, ts="2.3"))
    await here.event(message("Approved", card, ts="2.4", edited={"user": ADA}))
    await here.event(message("Hold", card, ts="2.5"))

    await here.until(lambda: here.app.store.questions.question(question).decision)
    said = here.app.store.questions.question(question).decision
    assert said is not None and (said.kind, said.by) == (DecisionKind.HOLD, "ada")
    await here.until(here.told)
    assert len(here.told()) == 1  # who talks there is left alone


async def test_a_button_of_another_plan_is_refused(here: Scene) -> None:
    _, question, _ = await here.asked()

    await here.press(press(json.dumps({"q": question, "h": "f" * 64}), "approved"))
    await here.press(press(json.dumps({"q": question, "h": ""}), "anything", at="1.3"))

    await here.until(here.told)
    assert "another plan" in here.told()[0]
    assert here.app.store.questions.question(question).decision is None


async def test_what_slack_sends_again_is_done_once(here: Scene) -> None:
    body = command("test main")
    headers = signed(body)
    for _ in range(3):
        assert (await here.send(body, headers))[0] == 200
    event = message("/deploy status", "1.1")
    for _ in range(3):
        await here.event(event, **{"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})

    await here.until(lambda: len(here.told()) >= 2)
    await asyncio.sleep(0.5)
    assert (len(here.rows()), len(here.told())) == (1, 2)


STALE = 400  # seconds, of which these tests take some
AHEAD = 86_400  # seconds; the time is taken when tests are collected, which may be minutes before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (command("test main"), {}, 401),
        (command("test main"), signed(command("test main"), secret="wrong"), 401),
        (command("test main"), signed(command("test other")), 401),
        (command("test main"), signed(command("test main"), at=time.time() - STALE), 401),
        (command("test main"), signed(command("test main"), at=time.time() + AHEAD), 401),
        (command("test main", team_id="T0OTHER"), None, 403),
        (command("test main", api_app_id="A0OTHER"), None, 403),
    ],
    ids=["unsigned", "wrong secret", "another body", "stale", "ahead", "another team", "another app"],
)
async def test_what_is_not_proven_is_refused(
    here: Scene, body: str, headers: dict[str, str] | None, status: int
) -> None:
    assert (await here.send(body, headers))[0] == status

    await asyncio.sleep(0.3)
    assert (here.rows(), here.fake.ephemeral) == ((), [])


async def test_buttons_of_another_team_are_refused(here: Scene) -> None:
    _, question, _ = await here.asked()
    plan = here.app.store.questions.question(question).plan_hash
    payload = press(json.dumps({"q": question, "h": plan}), "approved", team="T0OTHER")

    assert (await here.press(payload))[0] == 403
    assert here.app.store.questions.question(question).decision is None


async def test_a_greeting_of_slack_is_answered(here: Scene) -> None:
    status, said = await here.event({"type": "url_verification", "challenge": "abc", "token": "x"})

    assert (status, json.loads(said)) == (200, {"challenge": "abc"})


async def test_slack_is_answered_at_once_whatever_the_load(here: Scene) -> None:
    """The store is held by somebody else for a second, and a hundred people speak at once."""

    async def timed(number: int) -> float:
        before = time.monotonic()
        status, _ = await here.send(command("status", trigger=f"7.{number}"))
        assert status == 200
        return time.monotonic() - before

    with here.app.store.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        waits = await asyncio.gather(*(timed(number) for number in range(100)))
        await asyncio.sleep(1)
        connection.exec_driver_sql("ROLLBACK")

    assert max(waits) < 3
    await here.until(lambda: len(here.told()) == 100)


async def test_a_plain_question_is_answered_to_whoever_asks(here: Scene) -> None:
    await here.send(command("what is live in test?", user=EVE))

    await here.until(lambda: here.told(EVE))
    assert here.told(EVE) == ["- `test`: nothing of `web` is live"]


async def test_socket_mode_hears_the_same_and_needs_no_address(tmp_path: Path, keys: None) -> None:
    async with scene(tmp_path, SOCKET) as here:
        await here.until(lambda: here.fake.sockets)
        body: Json = {"command": "/deploy", "text": "test main", "user_id": ADA, "channel_id": CHANNEL}
        ours = {"team_id": "T02TEAM", "api_app_id": "A02APP", "trigger_id": "9.9"}

        await here.fake.push("slash_commands", body | ours)

        await here.until(here.rows)
        assert here.rows()[0].request.requested_by == "ada"


async def test_a_token_that_slack_does_not_know_ends_with_what_to_do(
    tmp_path: Path, keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-revoked-revoked")
    async with slack() as fake:
        file = tmp_path / "orchestrate.yaml"
        file.write_text(
            f"service: shop\nslack: {{channel: {CHANNEL}, api: '{fake.api}', token: '${{SLACK_BOT_TOKEN}}',"
            " signing_secret: '${SLACK_SIGNING_SECRET}'}\n"
            "environments: {test: {type: dev, components: [{name: web, run: [x]}]}}\n"
        )

        with pytest.raises(AccessDenied, match="invalid_auth"):
            await slack_of(load(file), lambda _: None).serve(asyncio.Event())


async def test_no_token_is_ever_written_down(here: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await here.send(command(f"what is {TOKEN}?"))

    await here.until(here.told)
    assert TOKEN not in json.dumps(here.fake.ephemeral) + caplog.text


@pytest.mark.parametrize("change", ["edited", "deleted"])
async def test_an_approval_in_a_thread_falls_when_its_message_is_changed(here: Scene, change: str) -> None:
    row, question, card = await here.asked()
    said = here.fake.speak("Approved", card)
    await here.event(said)
    await here.until(lambda: here.app.store.questions.question(question).decision)

    ts = str(cast(Json, said["event"])["ts"])
    here.fake.revise(ts, "Approved?") if change == "edited" else here.fake.erase(ts)
    await here.drive(lambda: here.app.store.questions.unanswered())

    closed = here.app.store.questions.question(question)
    assert closed.closed == f"void: ada's comment was {change}"
    assert not here.app.store.deployments.deployment(row).outcome
    assert here.app.store.questions.unanswered()[0].id != question


async def test_an_approval_by_a_button_falls_when_its_message_is_deleted(here: Scene) -> None:
    _, question, card = await here.asked()
    plan = here.app.store.questions.question(question).plan_hash
    await here.press(press(json.dumps({"q": question, "h": plan}), "approved", card=card))
    await here.until(lambda: here.app.store.questions.question(question).decision)

    here.fake.erase(card)
    await here.drive(lambda: here.app.store.questions.unanswered())

    closed = here.app.store.questions.question(question).closed
    assert closed == "void: the message whose button ada pressed was deleted"


async def test_an_approval_that_stands_in_slack_is_looked_at_again_and_used(here: Scene) -> None:
    row, _, card = await here.asked()

    await here.event(here.fake.speak("Approved", card))
    await here.drive(lambda: here.app.store.deployments.deployment(row).outcome)

    assert here.app.store.deployments.deployment(row).outcome is Outcome.DEPLOYED
    assert "conversations.replies" in here.fake.called


async def test_while_slack_does_not_answer_an_approval_given_there_is_neither_used_nor_lost(
    here: Scene,
) -> None:
    row, question, card = await here.asked()
    here.fake.errors["conversations.replies"] = ["500"] * 9

    await here.event(here.fake.speak("Approved", card))
    await here.drive(lambda: "conversations.replies" in here.fake.called)

    asked = here.app.store.questions.question(question)
    assert (asked.closed, asked.consumed_at, asked.decision is not None) == (None, None, True)
    assert not here.app.store.deployments.deployment(row).outcome


async def test_an_approval_that_nobody_may_look_at_any_more_falls(here: Scene) -> None:
    _, question, card = await here.asked()
    here.fake.errors["conversations.replies"] = ["missing_scope"]

    await here.event(here.fake.speak("Approved", card))
    await here.drive(lambda: here.app.store.questions.question(question).closed)

    closed = here.app.store.questions.question(question).closed
    assert "nobody can look any more at what ada said in slack" in str(closed)
    assert "missing_scope" in str(closed)
