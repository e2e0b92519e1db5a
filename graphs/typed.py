"""The types that positions may hold; nothing else is ever rebuilt from a position."""

from __future__ import annotations

from enum import Enum
from inspect import getmembers, isclass

from graphs import state
from orchestrate.models import change, deployment, environment, fact, gate

MODULES = (state, change, deployment, environment, fact, gate)


def state_types() -> list[tuple[str, str]]:
    """Module and name of every fact and enum of ours that a state can be made of."""
    return sorted(
        {
            (kind.__module__, kind.__name__)
            for module in MODULES
            for _, kind in getmembers(module, isclass)
            if issubclass(kind, fact.Fact | Enum)
            and kind.__module__.split(".")[0] in ("graphs", "orchestrate")
        }
    )
