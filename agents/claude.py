"""Claude: asks within a deadline and a purse, again where that may help, for one typed answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Protocol, TypeVar, cast

from pydantic import BaseModel
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from agents.heard import Heard, Part, Wish
from agents.looking import View
from agents.model import Brief, Facts, Model, NoModel, parsed
from agents.question import Question, Turn, question_of
from agents.role import Role
from orchestrate.errors import ModelAway, ModelBusy, ModelFailed
from orchestrate.models.model_call import NewCall, Purse, Tokens
from orchestrate.models.secret import Secret
from orchestrate.outside import line
from orchestrate.settings.facts import ModelSettings, Price
from orchestrate.store.model_calls import ModelCalls
from prompts import Tier

T = TypeVar("T", bound=BaseModel)

TRIES = 3
"""Requests for one answer, or for one thing that it wants to see first."""

REST = 60.0
"""Seconds of peace after nobody answered, so that what is down does not hold up a deployment twice."""

REQUESTS, REQUESTS_OF_ROLE = 100, 30
"""Requests that one deployment may make, with those that failed, in all and for one role."""

MICROS_PER_CENT = 10_000


class Api(Protocol):
    """Whoever carries one question to a model."""

    async def listen(self, question: Question[BaseModel], heard: Heard) -> None:
        """Ask once, and fill `heard`. Raises ModelBusy, ModelAway, ModelFailed."""
        ...


@dataclass(frozen=True)
class Wished:
    """No answer yet: what it wants to see first."""

    wishes: tuple[Wish, ...]
    parts: tuple[Part, ...]

    @property
    def words(self) -> str:
        """For people."""
        return f"looked at {', '.join(line(one.tool, 40) for one in self.wishes)}"


@dataclass
class Claude:
    """A mind that costs money."""

    settings: ModelSettings
    calls: ModelCalls
    api: Callable[[], Api]  # slow the first time: it loads the SDK
    clock: Callable[[], float] = time.monotonic
    name: str = "claude"
    _rests_until: float = field(default=float("-inf"), init=False)

    async def ask(self, role: Role, facts: Facts, answer: type[T]) -> T:
        """What `role` says, as an `answer`; the same question of a deployment is answered once.

        Raises ModelBusy, ModelAway, PurseEmpty, and ModelFailed for whatever else is no answer.
        """
        if not isinstance(facts, Brief) or not facts.deployment:
            raise ModelFailed("nobody pays for this question")
        question = question_of(role, facts, answer, self.models, may_look=facts.looks is not None)
        known = self.calls.answer(facts.deployment, question.sha)
        if known is not None:
            return parsed(known, answer)
        if self.clock() < self._rests_until:
            raise ModelBusy("it did not answer a moment ago, and is left in peace for a while")
        api = await asyncio.to_thread(self.api)
        try:
            async with asyncio.timeout(self.settings.deadline):
                return await self._answered(api, question, facts)
        except TimeoutError as late:
            self._rest()
            raise ModelBusy(f"no answer within {self.settings.deadline} s") from late
        except (ModelBusy, ModelAway):
            self._rest()
            raise

    @cached_property
    def models(self) -> Mapping[Tier, str]:
        """Which model answers for which tier."""
        of = self.settings
        return {Tier.FAST: of.fast, Tier.STANDARD: of.standard, Tier.DEEP: of.deep}

    def _rest(self) -> None:
        self._rests_until = self.clock() + REST

    async def _answered(self, api: Api, question: Question[T], brief: Brief) -> T:
        """The answer, once it has seen what it wants to see, as far as that may be shown."""
        view = View(brief.looks, question.tools) if brief.looks is not None else None
        while True:
            said = await self._patiently(api, question, brief.deployment)
            if not isinstance(said, Wished):
                return said
            if view is None or not view.is_open:
                raise ModelFailed("it wants to see more than is shown")
            shown = await view.shown(said.wishes)
            question = question.after(Turn(said.parts, shown), may_look=view.is_open)

    async def _patiently(self, api: Api, question: Question[T], deployment: str) -> T | Wished:
        """Again after ModelBusy alone, and never when that would be after the deadline."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelBusy),
            stop=stop_after_attempt(TRIES) | stop_before_delay(self.settings.deadline),
            wait=_wait,
            reraise=True,
        )
        return await retrying(self._once, api, question, deployment)

    async def _once(self, api: Api, question: Question[T], deployment: str) -> T | Wished:
        number, heard, began = self._begun(question, deployment), Heard(), self.clock()
        try:
            await api.listen(cast(Question[BaseModel], question), heard)
            wishes = heard.wishes()
            said = Wished(wishes, tuple(heard.parts)) if wishes else question.read(heard.text())
        except (ModelFailed, asyncio.CancelledError) as problem:
            tokens = heard.cost(question.most)
            why = str(problem) or "no answer in time"
            self.calls.failed(number, tokens, self._micros(question, tokens), why, self.clock() - began)
            raise
        tokens, took = heard.cost(question.most), self.clock() - began
        micros = self._micros(question, tokens)
        if isinstance(said, Wished):
            self.calls.looked(number, tokens, micros, said.words, took)
        else:
            self.calls.answered(number, tokens, micros, said.model_dump_json(), took)
        return said

    def _begun(self, question: Question[T], deployment: str) -> int:
        call = NewCall(
            deployment=deployment,
            role=question.role,
            model=question.model,
            prompt=question.prompt,
            question=question.sha,
            most=question.most,
            most_micros=self._micros(question, question.most),
        )
        of = self.settings.budget
        whole = Purse(tokens=of.tokens, micros=of.cents * MICROS_PER_CENT, requests=REQUESTS)
        budget = question.budget
        own = Purse(tokens=budget.tokens, micros=budget.cents * MICROS_PER_CENT, requests=REQUESTS_OF_ROLE)
        return self.calls.begin(call, whole, own)

    def _micros(self, question: Question[T], tokens: Tokens) -> int:
        return cost(tokens, self.settings.prices.get(question.model))


def cost(tokens: Tokens, price: Price | None) -> int:
    """What `tokens` cost in millionths of a dollar, rounded up. Raises ModelAway where nobody knows."""
    if price is None:
        raise ModelAway("the model has no price", cure="add it to prices in the models section")
    hundredths = (
        tokens.fresh * price.input
        + tokens.cache_write * price.cache_write
        + tokens.cache_read * price.cache_read
        + tokens.output * price.output
    )
    return -(-hundredths // 100)


def _wait(state: RetryCallState) -> float:
    """Half a second, then one; longer where the API asks for it."""
    problem = state.outcome.exception() if state.outcome else None
    after = problem.after if isinstance(problem, ModelBusy) else 0.0
    return max(after, 0.5 * 2 ** (state.attempt_number - 1))


def asked_by(settings: ModelSettings, key: Callable[[], Secret], calls: ModelCalls) -> Claude:
    """Claude behind its API, which is loaded when somebody is asked first."""

    @cache
    def api() -> Api:
        from agents.claude_api import ClaudeApi

        return ClaudeApi(settings.base_url, key, float(settings.deadline))

    return Claude(settings=settings, calls=calls, api=api)


def mind_of(settings: ModelSettings | None, key: Callable[[], Secret], calls: ModelCalls) -> Model:
    """Whoever is asked for advice: nobody, where the settings name no models."""
    return NoModel() if settings is None else asked_by(settings, key, calls)
