"""Webhooks: only what is signed is heard, once, and it does no more than wake."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest

from orchestrate.webhooks import CLICKUP, GITHUB, MOST_BYTES, MOST_REMEMBERED, Hooks
from tests.servers.answering import Heard, Reply, answering
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_world import LIST, Hook

SECRET = "s" * 64


@dataclass
class Bell:
    """Remembers whom it woke."""

    rung: list[str] = field(default_factory=list[str])


def hooks(bell: Bell, secret: str | None = SECRET) -> Hooks:
    return Hooks(CLICKUP, secret, bell.rung.append)


def event(number: int = 1, task: str = "86c1") -> bytes:
    return json.dumps({"webhook_id": "w", "task_id": task, "history_items": [{"id": str(number)}]}).encode()


def headers(body: bytes, secret: str = SECRET, **more: str) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-signature": signature, "content-length": str(len(body)), **more}


@pytest.fixture
def server() -> Iterator[ClickUp]:
    with clickup() as running:
        yield running


def test_what_clickup_sends_wakes_and_its_repetition_does_not(server: ClickUp) -> None:
    bell = Bell()
    listening = hooks(bell)

    def serve(heard: Heard) -> Reply:
        given = {name.lower(): value for name, value in heard.headers.items()}
        return Reply(listening.heard(given, heard.body.encode()))

    with answering(serve) as where:
        server.world.hooks["h"] = Hook("h", f"http://{where}/clickup", ("*",), SECRET)
        item = server.world.add(2, LIST, "Ship")
        server.world.say(2, item.id, "Approved — ünïcödé")
        answers = server.deliver(times=2)

    assert answers == [200] * 4
    assert bell.rung == [item.id, item.id]  # filed, and commented on


def test_without_a_secret_there_is_no_such_place() -> None:
    bell, body = Bell(), event()

    for secret in (None, ""):
        assert hooks(bell, secret).refusal(headers(body, "")) is HTTPStatus.NOT_FOUND
        assert hooks(bell, secret).heard(headers(body, ""), body) is HTTPStatus.NOT_FOUND
    assert bell.rung == []


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"x-signature": "0" * 64}, HTTPStatus.UNAUTHORIZED),
        ({"x-signature": "é"}, HTTPStatus.UNAUTHORIZED),
        ({"x-signature": ""}, HTTPStatus.UNAUTHORIZED),
        ({"content-length": str(MOST_BYTES + 1)}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ({"content-length": "9" * 5000}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ({"content-length": "-1"}, HTTPStatus.LENGTH_REQUIRED),
        ({"content-length": "٣"}, HTTPStatus.LENGTH_REQUIRED),
    ],
)
def test_what_is_not_ours_is_not_heard(more: dict[str, str], answer: HTTPStatus) -> None:
    bell, body = Bell(), event()

    assert hooks(bell).heard({**headers(body), **more}, body) is answer
    assert bell.rung == []


def test_a_signature_is_of_the_very_bytes() -> None:
    bell, body = Bell(), event()

    assert hooks(bell).heard(headers(body), body + b" ") is HTTPStatus.UNAUTHORIZED
    assert hooks(bell).heard(headers(body, "another"), body) is HTTPStatus.UNAUTHORIZED
    assert bell.rung == []


def test_a_body_that_is_longer_than_it_said_is_not_read() -> None:
    body = b" " * (MOST_BYTES + 1)

    answer = hooks(Bell()).heard(headers(body, **{"content-length": "5"}), body)

    assert answer is HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"[]", HTTPStatus.OK),
        (b"{}", HTTPStatus.OK),
        (b'{"task_id": 7, "history_items": 7}', HTTPStatus.OK),
        (b'{"task_id": "../x", "history_items": [7, {}]}', HTTPStatus.OK),
        (b"{", HTTPStatus.BAD_REQUEST),
        (b"[" * 100_000, HTTPStatus.BAD_REQUEST),
        (b"\xff", HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_signed_body_of_no_use_wakes_nobody(body: bytes, answer: HTTPStatus) -> None:
    bell = Bell()

    assert hooks(bell).heard(headers(body), body) is answer
    assert bell.rung == []


def test_events_out_of_order_wake_all_the_same_and_a_deletion_too() -> None:
    bell = Bell()
    listening = hooks(bell)
    deleted = b'{"event": "taskDeleted", "task_id": "86c9", "webhook_id": "w"}'

    for body in (event(2), event(1), event(2), deleted):
        listening.heard(headers(body), body)

    assert bell.rung == ["86c1", "86c1", "86c9"]


def test_only_so_many_events_are_remembered() -> None:
    bell = Bell()
    listening = hooks(bell)

    for number in range(MOST_REMEMBERED + 5):
        body = event(number)
        listening.heard(headers(body), body)
    listening.heard(headers(event(0)), event(0))

    assert len(bell.rung) == MOST_REMEMBERED + 6


def of_github(body: bytes, secret: str = SECRET, **more: str) -> dict[str, str]:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = {"x-hub-signature-256": signature, "x-github-delivery": "d-1", "x-github-event": "check_run"}
    return {**given, "content-length": str(len(body)), **more}


def test_a_delivery_of_github_wakes_once_and_its_redelivery_does_not() -> None:
    bell = Bell()
    listening, body = Hooks(GITHUB, SECRET, bell.rung.append), b'{"action": "completed"}'

    answers = [listening.heard(of_github(body), body) for _ in range(2)]
    listening.heard(of_github(body, **{"x-github-delivery": "d-2"}), body)

    assert (answers, bell.rung) == ([HTTPStatus.OK] * 2, ["", ""])


@pytest.mark.parametrize(
    "more",
    [
        {"x-hub-signature-256": "0" * 64},
        {"x-hub-signature-256": "sha1=" + "0" * 40},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
    ],
)
def test_a_signature_of_another_form_is_none(more: dict[str, str]) -> None:
    bell, body = Bell(), b"{}"
    listening = Hooks(GITHUB, SECRET, bell.rung.append)

    assert listening.heard({**of_github(body), **more}, body) is HTTPStatus.UNAUTHORIZED
    assert bell.rung == []


def test_the_signature_of_another_source_is_none_here() -> None:
    bell, body = Bell(), event()

    assert Hooks(GITHUB, SECRET, bell.rung.append).heard(headers(body), body) is HTTPStatus.UNAUTHORIZED
    assert hooks(bell).heard(of_github(body), body) is HTTPStatus.UNAUTHORIZED
    assert bell.rung == []


def test_a_ping_is_answered_and_wakes_nobody() -> None:
    bell, body = Bell(), b"{}"
    listening = Hooks(GITHUB, SECRET, bell.rung.append)

    assert listening.heard(of_github(body, **{"x-github-event": "ping"}), body) is HTTPStatus.OK
    assert bell.rung == []
