"""Places: environments by name, from the settings or from the store, and what is asked for there."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.errors import UnknownEnvironment
from orchestrate.models.environment import Environment
from orchestrate.settings import Settings
from orchestrate.store import Store

IN_SETTINGS, IN_STORE = "orchestrate.yaml", "created"


def environments(settings: Settings, store: Store) -> Mapping[str, tuple[Environment, str]]:
    """Every environment with where it comes from; the settings' word counts where both have it."""
    named = {name: (one, IN_SETTINGS) for name, one in settings.environments.items()}
    return named | {one.name: (one, IN_STORE) for one in store.environments.all() if one.name not in named}


def environment_named(settings: Settings, store: Store, name: str) -> Environment:
    """The environment of this name. Raises UnknownEnvironment, which names those there are."""
    try:
        return settings.environment(name)
    except UnknownEnvironment:
        known = environments(settings, store)
    if name not in known:
        raise UnknownEnvironment(name, sorted(known))
    return known[name][0]
