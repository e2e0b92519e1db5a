"""Deployments in which models are asked through the real SDK: what a scripted API says, and what it costs."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agents.claude import Claude, asked_by
from agents.model import Facts
from agents.planner import is_remarkable
from agents.role import Role
from orchestrate.models.deployment import Deployment
from orchestrate.models.environment import Environment
from orchestrate.models.model_call import ModelCall, Spent, spent
from orchestrate.models.secret import Secret
from orchestrate.store import Store
from tests.evals.__main__ import settings
from tests.servers.anthropic import KEY, Asked, FakeAnthropic, Says
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled

T = TypeVar("T", bound=BaseModel)
Answer = Callable[[Asked], Says | Mapping[str, object]]


def payment(lines: int) -> str:
    """A new page of that many lines."""
    line = "    total += rates[item.currency] * item.price  # line {} of the new payment page"
    return "\n".join(line.format(number) for number in range(lines))


LOG = (
    *(f"2026-11-21 10:00:{number % 60:02d} GET /cart/{number} 200 {number} ms" for number in range(300)),
    "Traceback (most recent call last):",
    '  File "shop/payment.py", line 3, in pay',
    "KeyError: 'EUR'",
)


@dataclass
class Late:
    """Claude, who is there once there is a store that remembers what was asked."""

    name: str = "claude"
    url: str = ""
    claude: Claude | None = field(default=None)

    def begin(self, store: Store) -> None:
        """From now on it can be asked, at the prices of the product."""
        there = settings().model_copy(update={"base_url": self.url, "deadline": 15})
        self.claude = asked_by(there, lambda: Secret(KEY), store.model_calls)

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:
        assert self.claude is not None
        return await self.claude.ask(role, facts, answer)


def claude_of(fake: FakeAnthropic) -> Late:
    """Claude as the fake plays it."""
    return Late(url=fake.url)


@asynccontextmanager
async def advised(folder: Path, place: Environment, fake: FakeAnthropic) -> AsyncGenerator[World]:
    """A world whose models are asked through the SDK, at `fake`, at the prices of the product."""
    around, late = outside((place.name,), Clock()), claude_of(fake)
    around.model, around.is_worth_asking, fake.cache.clock = late, is_remarkable, around.clock
    await around.begin({place.name: place})
    async with assembled(folder, around, {place.name: place}) as here:
        late.begin(here.store)
        yield here


async def asked(here: World, files: Mapping[str, str | None], branch: str = "parts") -> Deployment:
    """A change with these files, driven until somebody is needed."""
    change = await here.propose(branch, dict(files))
    task = await here.task(change)
    (name,) = here.environments
    return await here.go(here.accept(name, task=task.id, change=change.id).id)


def experienced(question: Asked) -> Says | Mapping[str, object]:
    """What somebody would say who looks before answering, in about as many words."""
    return ADVICE[Role(question.role)](question)


def _looking(*wishes: tuple[str, object], then: Answer) -> Answer:
    """Look at these, one after the other, and answer then."""

    def said(question: Asked) -> Says | Mapping[str, object]:
        looked = len(question.messages) // 2
        return Says("", wishes=(wishes[looked],)) if looked < len(wishes) else then(question)

    return said


def _explained(question: Asked) -> Mapping[str, object]:
    found = re.findall(r"^([0-9a-f]{64}) ", question.user, re.MULTILINE)
    note = "`pay` reads a rate that `rates` does not hold: the first cart in EUR raises KeyError"
    return {
        "notes": [{"fingerprint": one, "explanation": note, "files": ["shop/payment.py"]} for one in found]
    }


ADVICE: Mapping[Role, Answer] = {
    Role.MIGRATION_REVIEWER: lambda _: {"objections": []},
    Role.RISK_ASSESSOR: lambda _: {
        "risk": "high",
        "reasons": ["shop/payment.py reads `rates` for each item: a currency without a rate fails the cart"],
    },
    Role.PLANNER: lambda _: {
        "risk": "medium",
        "reasons": ["a currency that is rare shows late: most carts of a day are in one currency"],
        "checks": ["read_migrations"],
    },
    Role.DEPLOYER: _looking(
        ("gates", {}),
        ("history", {}),
        then=lambda question: {
            "advice": "hold" if "production" in question.user else "proceed",
            "reasons": ["no check pays in a currency other than the default, which most of the new lines do"],
        },
    ),
    Role.TRIAGER: _looking(("metrics", {}), ("logs", {"contains": "KeyError"}), then=_explained),
    Role.CONFLICT_RESOLVER: lambda _: {"summary": "a person must say", "texts": []},
    Role.ANNOUNCER: lambda _: {"title": "Payment in more currencies", "text": "Carts take more currencies."},
}


def share(cost: Spent) -> float:
    """Which part of the input came from the cache."""
    return cost.tokens.cache_read / cost.tokens.input if cost.tokens.input else 0.0


def of_roles(calls: tuple[ModelCall, ...]) -> dict[str, Spent]:
    """What each role cost."""
    roles = dict.fromkeys(one.role for one in calls)
    return {role: spent(tuple(one for one in calls if one.role == role)) for role in roles}
