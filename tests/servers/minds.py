"""Models as settings name them, at a local server."""

from __future__ import annotations

from orchestrate.settings.facts import ModelBudget, ModelSettings, Price
from tests.servers.anthropic import MODELS

PRICE = Price(input=200, output=1000, cache_write=250, cache_read=10)


def settings(url: str, deadline: int = 5, cents: int = 100, tokens: int = 200_000) -> ModelSettings:
    """Every tier's model at one price, in US cents for a million tokens; `deadline` in seconds."""
    fast, standard, deep = MODELS
    return ModelSettings(
        base_url=url,
        fast=fast,
        standard=standard,
        deep=deep,
        deadline=deadline,
        budget=ModelBudget(tokens=tokens, cents=cents),
        prices=dict.fromkeys(MODELS, PRICE),
    )
