"""The models: whether each that is named is there, and may be asked."""

from __future__ import annotations

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, doubtful, good


async def models(app: App) -> list[Finding]:
    """One line for each tier; without a model a stand-in does the work, so nothing here fails."""
    if app.settings.models is None:
        return [good("models", "none are named: stand-ins do the work")]
    return [
        good(f"model {one.tier}", f"{one.model} {one.said}")
        if one.is_usable
        else doubtful(f"model {one.tier}", f"{one.model}: {one.said}; a stand-in does the work", one.cure)
        for one in await app.models()
    ]
