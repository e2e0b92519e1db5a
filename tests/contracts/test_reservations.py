"""What all reservations do: the twin, our own, and MCP Agent Mail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from orchestrate.models.learning import Reservation
from orchestrate.store import Store
from tests.conftest import BACKENDS
from tests.orchestrate.store.facts import accepted
from tests.servers import agent_mail as mail
from tools.reserving import MemoryReservations, Reservations
from tools.systems.agent_mail import AgentMail
from tools.systems.own_memory import StoreReservations


@dataclass(frozen=True)
class Place:
    """Reservations, and somebody new who can hold some."""

    reservations: Reservations
    somebody: Callable[[], str]


REAL = pytest.param(
    "real mail",
    marks=pytest.mark.skipif(not mail.real(), reason="ORCHESTRATE_TEST_AGENT_MAIL names no server"),
)


@pytest.fixture(params=["twin", *BACKENDS, "mail", REAL])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    names = (f"deployment {number}" for number in count(1))
    if request.param == "twin":
        yield Place(MemoryReservations(time.time), lambda: next(names))
        return
    if request.param == "real mail":
        yield Place(AgentMail(mail.real(), str(tmp_path)), lambda: next(names))
        return
    if request.param == "mail":
        with mail.agent_mail() as url:
            yield Place(AgentMail(url, str(tmp_path)), lambda: next(names))
        return
    with closing(Store.open(request.getfixturevalue(f"{request.param}_store_url"))) as store:
        yield Place(StoreReservations(store.reservations), lambda: accepted(store).id)


def wanted(holder: str, *files: str, lasts: float = 600) -> Reservation:
    return Reservation(
        holder=holder, service="shop", files=files, reason="deploying", until=time.time() + lasts
    )


async def test_what_nobody_else_holds_is_ours(place: Place) -> None:
    ours = wanted(place.somebody(), "shop/page.py")

    assert (await place.reservations.reserve(ours)).held == ()
    assert (await place.reservations.reserve(ours)).held == ()
    assert await place.reservations.others(ours) == ()


async def test_what_somebody_holds_is_named_and_reserved_all_the_same(place: Place) -> None:
    theirs = wanted(place.somebody(), "shop/page.py", "shop/price.py")
    await place.reservations.reserve(theirs)
    ours = wanted(place.somebody(), "shop/price.py", "docs/x.md")

    (held,) = (await place.reservations.reserve(ours)).held

    assert held.path == "shop/price.py" and held.reason.endswith("deploying")
    assert held.by and held.until is not None and abs(held.until - theirs.until) < 90
    assert [one.path for one in await place.reservations.others(ours)] == ["shop/price.py"]
    assert [one.path for one in (await place.reservations.reserve(theirs)).held] == ["shop/price.py"]


async def test_deployments_of_our_own_are_nobody_whom_another_waits_for(place: Place) -> None:
    await place.reservations.reserve(wanted(place.somebody(), "a.py"))
    ours = wanted(place.somebody(), "a.py")

    reserved = await place.reservations.reserve(ours)

    assert [one.exclusive for one in reserved.held] == [False]
    assert [one.exclusive for one in await place.reservations.others(ours)] == [False]


async def test_what_was_given_back_is_nobodys(place: Place) -> None:
    theirs, ours = wanted(place.somebody(), "a.py"), wanted(place.somebody(), "a.py")
    await place.reservations.reserve(theirs)

    await place.reservations.release(theirs)
    await place.reservations.release(theirs)

    assert await place.reservations.others(ours) == ()
    assert (await place.reservations.reserve(ours)).held == ()
