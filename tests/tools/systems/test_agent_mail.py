"""Agent Mail that is away, denies, refuses or answers nonsense is an outside that failed."""

from __future__ import annotations

import json
import time

import pytest

from orchestrate.errors import AccessDenied, OutsideFailed, Unreachable
from orchestrate.models.learning import Reservation
from orchestrate.models.secret import Secret
from tests.servers.agent_mail import agent_mail
from tests.servers.answering import Heard, Reply, answering
from tools.systems.agent_mail import AgentMail

OURS = Reservation(holder="D1", service="shop", files=("a.py",), reason="deploying", until=time.time() + 600)


def result(**words: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": words})


async def looked(reply: Reply) -> str:
    with answering(lambda _: reply) as address:
        return await AgentMail(f"http://{address}/api/", "/srv/shop").look()


async def test_an_answer_may_be_structured_a_text_or_an_event() -> None:
    structured = result(structuredContent={"slug": "a"}, content=[])
    as_text = result(content=[{"type": "text", "text": '{"slug": "b"}'}])

    assert await looked(Reply(200, structured)) == "a"
    assert await looked(Reply(200, as_text)) == "b"
    assert await looked(Reply(200, f"event: message\r\ndata: {structured}\r\n\r\n")) == "a"


@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_not_let_in_is_told_so(status: int) -> None:
    with pytest.raises(AccessDenied):
        await looked(Reply(status, "no"))


@pytest.mark.parametrize(
    "text",
    [
        result(isError=True, content=[{"type": "text", "text": "no such project"}]),
        json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "no such project"}}),
    ],
)
async def test_a_refusal_says_why(text: str) -> None:
    with pytest.raises(OutsideFailed, match="no such project"):
        await looked(Reply(200, text))


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[]", "data: nonsense", result(content=[])])
async def test_nonsense_is_no_answer(text: str) -> None:
    with pytest.raises(OutsideFailed):
        await looked(Reply(200, text))


async def test_nobody_there_is_unreachable() -> None:
    with answering(lambda _: Reply(500, "")) as address:
        pass

    with pytest.raises(Unreachable):
        await AgentMail(f"http://{address}/api/", "/srv/shop").reserve(OURS)


async def test_the_token_is_shown_as_a_bearer() -> None:
    seen: list[str] = []

    def reply(heard: Heard) -> Reply:
        seen.append(heard.headers.get("authorization", ""))
        return Reply(200, result(structuredContent={"slug": "a"}))

    with answering(reply) as address:
        await AgentMail(f"http://{address}/api/", "/srv/shop", lambda: Secret("let-me-in")).look()

    assert seen == ["Bearer let-me-in"]


async def test_what_another_worker_reserved_is_left_to_its_time() -> None:
    with agent_mail() as url:
        await AgentMail(url, "/srv/shop").reserve(OURS)
        later = AgentMail(url, "/srv/shop")

        await later.release(OURS)

        (held,) = (await later.reserve(OURS.model_copy(update={"holder": "D2"}))).held
        assert held.path == "a.py"
