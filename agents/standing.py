"""Standing: whether the models that the settings name are there, and can answer in a form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrate.errors import ModelAway, ModelFailed
from orchestrate.models.fact import Fact
from orchestrate.models.secret import Secret
from orchestrate.settings.facts import ModelSettings
from prompts import Tier

PATIENCE = 10
"""Seconds for all of them."""


class Standing(Fact):
    """One tier's model, as the API describes it."""

    tier: Tier
    model: str
    is_usable: bool
    said: str
    cure: str = ""


async def standings(settings: ModelSettings | None, key: Callable[[], Secret]) -> tuple[Standing, ...]:
    """How each tier's model stands; none where none is named. Never raises: without a model all goes on."""
    if settings is None:
        return ()
    from agents.claude_api import ClaudeApi  # slow to load, and only needed where somebody is asked

    api = ClaudeApi(settings.base_url, key, PATIENCE)
    tiers = ((Tier.FAST, settings.fast), (Tier.STANDARD, settings.standard), (Tier.DEEP, settings.deep))

    async def of(tier: Tier, name: str) -> Standing:
        try:
            async with asyncio.timeout(PATIENCE):
                known = await api.known(name)
        except TimeoutError:
            return Standing(tier=tier, model=name, is_usable=False, said=f"no answer within {PATIENCE} s")
        except ModelFailed as problem:
            cure = problem.cure if problem.cure != ModelAway.cure else _CURE
            return Standing(tier=tier, model=name, is_usable=False, said=str(problem), cure=cure)
        cure = "" if known.is_usable else f"name another model for {tier} in the models section"
        return Standing(tier=tier, model=name, is_usable=known.is_usable, said=known.said, cure=cure)

    return tuple(await asyncio.gather(*(of(tier, name) for tier, name in tiers)))


_CURE = "look at key, base_url and the names in the models section"
