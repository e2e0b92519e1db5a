"""Thresholds: which alerts each component of an environment has, with all that their settings leave out."""

from __future__ import annotations

from decimal import Decimal

from orchestrate.models.alert import CPU, MEASURED, MEMORY, USUAL, Alert, Source
from orchestrate.models.environment import Component, Environment


def alerts_of(environment: Environment) -> dict[str, dict[str, Alert]]:
    """Component → name → alert; what the environment says holds for every component that can tell it."""
    found = {
        part.name: {
            name: complete(name, alert, environment)
            for name, alert in {**shared(environment, part), **part.alerts}.items()
        }
        for part in environment.components
    }
    return {component: alerts for component, alerts in found.items() if alerts}


def shared(environment: Environment, part: Component) -> dict[str, Alert]:
    """The environment's alerts for which `part` has a series."""
    return {name: alert for name, alert in environment.alerts.items() if not obstacle(name, alert, part)}


def complete(name: str, alert: Alert, environment: Environment) -> Alert:
    """With the usual threshold, and for a rollback with the triggers' window, where none is given."""
    changes: dict[str, object] = {}
    if alert.above is None and alert.below is None:
        changes["above"] = usual(name, environment)
    if alert.rollback and not alert.window:
        changes["window"] = environment.triggers.window
    return alert.model_copy(update=changes)


def usual(name: str, environment: Environment) -> Decimal | None:
    """The threshold of a well-known name."""
    monitoring = environment.monitoring
    known = {**USUAL, CPU: Decimal(monitoring.alert_cpu), MEMORY: Decimal(monitoring.alert_memory)}
    return known.get(name)


def obstacle(name: str, alert: Alert, part: Component) -> str:
    """Why `part` has no such series, or ''."""
    if name == MEMORY and not part.memory_limit:
        return f"{part.name} has no memory_limit of which it could be a share"
    if name in MEASURED:
        return ""
    if alert.metric and not part.port:
        return f"{part.name} has no port, so its metrics cannot be read"
    if alert.query and alert.source is Source.PROMETHEUS and not (alert.url or part.metrics.url):
        return f"{part.name} has no Prometheus to be asked: give a url here or in its metrics"
    keys = alert.credentials or part.metrics.credentials_for("datadog", alert.url)
    if alert.source is Source.DATADOG and not keys:
        return f"datadog wants 'credentials': keys that {part.name} shows to its own site are not shown to it"
    return ""
