"""Numbers: whether what runs in an environment can be watched."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running
from orchestrate.models.sample import SampleState
from tools.place import Place


async def blind(place: Place, found: Sequence[Running | None]) -> list[str]:
    """Why no numbers come of what runs and takes traffic, a sentence each; `found` in their order."""
    pairs = zip(place.environment.components, found, strict=True)
    return [said for part, running in pairs if (said := await _blind(place, part, running))]


async def _blind(place: Place, part: Component, running: Running | None) -> str:
    if running is None or running.live is None or not part.port:
        return ""
    try:
        state = (await place.metrics.read(part, running)).get(running.live.name)
    except (OrchestrateError, OSError) as problem:
        return f"{part.name}: its numbers cannot be read: {problem}"
    if state is SampleState.DENIED:
        return f"{part.name}: who has its numbers does not let us read them"
    return f"{part.name}: nobody gives its numbers" if state is SampleState.SOURCE_DOWN else ""
