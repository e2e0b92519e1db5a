"""Health checks held to what endpoints do: the check that suits is proposed, and no other."""

from __future__ import annotations

import pytest

from orchestrate.models.environment import Component
from orchestrate.models.smoke import HealthCheck
from tests.servers.answering import Reply, answering, pages
from tools.probing import Advice, Seen, advised, seen_at
from tools.reach import LOOPBACK

WELL = Reply(body='{"status": "ok"}')


async def proposed(replies: dict[str, Reply], **words: object) -> dict[str, str]:
    """The proposals for a component with this `health`, whose service answers so."""
    health = HealthCheck.model_validate(words)
    with answering(pages(replies)) as address:
        part = Component(name="web", port=80, health=health)
        seen = await seen_at(f"http://{address}", part, LOOPBACK)
    return {one.key: one.value for one in advised(health, seen)}


@pytest.mark.parametrize(
    ("replies", "health", "better"),
    [
        ({"/health": WELL}, {"expect": {"status": "ok"}}, {}),
        ({"/health": Reply(body="fine")}, {}, {}),
        ({"/health": WELL}, {}, {"expect": "{status: ok}"}),
        ({"/ready": Reply(body='{"ready": true}')}, {"path": "/ready"}, {"expect": "{ready: true}"}),
        ({"/healthz": Reply(body="ok")}, {}, {"path": "/healthz"}),
        ({"/healthz": Reply(body="ok")}, {"path": ""}, {"path": "/healthz"}),
        ({"/up": Reply(204)}, {"path": "/up"}, {"status": "204"}),
        ({"/up": Reply(301, headers={"location": "/up/"})}, {"path": "/up"}, {"path": "/up/"}),
        ({"/health": Reply(503)}, {}, {}),
        ({}, {}, {}),
    ],
)
async def test_what_suits_better_is_proposed(
    replies: dict[str, Reply], health: dict[str, object], better: dict[str, str]
) -> None:
    assert await proposed(replies, **health) == better


async def test_a_service_that_is_well_by_its_own_words_alone_is_asked_for_them_where_it_is_sick() -> None:
    sick = Reply(body='{"status": "degraded"}')

    assert await proposed({"/health": sick}) == {}


@pytest.mark.parametrize(("slowest", "seconds"), [(900, None), (1_100, "4s"), (1_900, "6s"), (1_999, "6s")])
def test_a_timeout_that_is_near_is_proposed_longer(slowest: int, seconds: str | None) -> None:
    (advice,) = advised(HealthCheck(), [Seen(path="/health", status=200, slowest=slowest)]) or (None,)

    assert (advice.value if advice else None) == seconds


def test_the_reason_tells_what_was_seen() -> None:
    seen = [Seen(path="/health", status=404, problem="/health answered 404"), Seen(path="/ready", status=200)]

    why = "/health answered 404; /ready answers 200"
    assert advised(HealthCheck(), seen) == (Advice(key="path", value="/ready", why=why),)


async def test_nobody_there_is_said_and_nothing_proposed() -> None:
    part = Component(name="web", port=80)

    seen = await seen_at("http://127.0.0.1:1", part, LOOPBACK)

    assert all(one.status is None and one.problem for one in seen)
    assert advised(part.health, seen) == ()
