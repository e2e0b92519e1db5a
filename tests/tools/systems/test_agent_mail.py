"""Agent Mail that is away, denies, refuses or answers nonsense is an outside that failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

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


LISTED = {
    "agent": "GreenCastle",
    "path_pattern": "shop/*.py",
    "exclusive": True,
    "reason": "bd-7",
    "expires_ts": "2999-01-01T00:00:00+00:00",
}


def mail(listed: Sequence[object] | None) -> Callable[[Heard], Reply]:
    """Grants everything; `listed` is what is reserved, None: it does not say."""
    conflict = {key: value for key, value in LISTED.items() if key != "reason"}

    def reply(heard: Heard) -> Reply:
        asked = json.loads(heard.body)["params"]
        match asked.get("name", "resource"):
            case "file_reservation_paths":
                conflicts = [{"path": "shop/a.py", "holders": [conflict]}]
                return Reply(200, result(structuredContent={"granted": [], "conflicts": conflicts}))
            case "resource" if listed is None:
                return Reply(200, result(isError=True))
            case "resource":
                return Reply(200, result(contents=[{"uri": asked["uri"], "text": json.dumps(listed)}]))
            case _:
                return Reply(200, result(structuredContent={"name": "BlueLake", "slug": "shop"}))

    return reply


@pytest.mark.parametrize(
    ("listed", "is_alone"),
    [
        ([LISTED], True),
        ([{**LISTED, "exclusive": False}], False),
        ([{**LISTED, "reason": "orchestrate D7: deploying"}], False),
        ([], False),
        (None, False),
    ],
)
async def test_only_who_is_known_to_be_a_stranger_is_waited_for(
    listed: Sequence[object] | None, is_alone: bool
) -> None:
    ours = OURS.model_copy(update={"files": ("shop/a.py",)})
    with answering(mail(listed)) as address:
        (held,) = (await AgentMail(f"http://{address}/api/", "/srv/shop").reserve(ours)).held

    assert (held.by, held.exclusive) == ("GreenCastle", is_alone)


@pytest.mark.parametrize(
    ("pattern", "is_held"),
    [
        ("shop/a.py", True),
        ("shop/*.py", True),
        ("shop/", True),
        ("/shop", True),
        ("a.py", True),
        ("*.md", False),
    ],
)
async def test_what_others_hold_is_found_by_their_patterns(pattern: str, is_held: bool) -> None:
    ours = OURS.model_copy(update={"files": ("shop/a.py",)})
    over = {**LISTED, "expires_ts": "2001-01-01T00:00:00+00:00"}
    with answering(mail([{**LISTED, "path_pattern": pattern}, over])) as address:
        found = await AgentMail(f"http://{address}/api/", "/srv/shop").others(ours)

    assert [one.path for one in found] == (["shop/a.py"] if is_held else [])


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
        assert (await later.reserve(OURS)).held[1:] == ()  # D2's, and none of its own
        assert [one.reason for one in await later.others(OURS)] == ["orchestrate D2: deploying"]
